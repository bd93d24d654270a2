import { vi } from 'vitest'
import { performance } from 'node:perf_hooks'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { parsePostgresUrl } from '#config/metadata-url.ts'
import { randomBytes } from 'node:crypto'
import pg from 'pg'

const url = process.env.U as string
const schema = 'b' + randomBytes(4).toString('hex')
const address = parsePostgresUrl(`${url}?schema=${schema}&pool_size=${process.env.POOL ?? 4}`)!
const engine = await openPostgresEngine({ address, space: 'index' })
const seconds = 4
async function run(name: string, writers: number, work: (n: number, w: number) => Promise<unknown>) {
  for (const until of [1, seconds]) {
    let count = 0
    const lat: number[] = []
    const begin = performance.now()
    const cpu = process.cpuUsage()
    await Promise.all(Array.from({ length: writers }, async (_, w) => {
      for (let n = 0; performance.now() - begin < until * 1000; n++) { const t = performance.now(); await work(n + until * 1e6, w); lat.push(performance.now() - t); count++ }
    }))
    const used = process.cpuUsage(cpu)
    lat.sort((a, b) => a - b)
    if (until === seconds) console.log(name.padEnd(46), `${writers} writers`, Math.round(count / ((performance.now() - begin) / 1000)), '/s', 'p50', lat[lat.length >> 1]!.toFixed(2), 'p99', lat[Math.floor(lat.length * 0.99)]!.toFixed(2), 'ms; client cpu us/op', ((used.user + used.system) / count).toFixed(0))
  }
}
const bodyBytes = randomBytes(4096)
const version = randomBytes(450)
for (const conns of [1, 16]) {
  const clients = await Promise.all(Array.from({ length: conns }, async () => { const c = new pg.Client({ connectionString: url }); await c.connect(); return c }))
  await clients[0]!.query(`create table if not exists ${schema}.floor (k bytea primary key, v bytea)`)
  await run('floor: INSERT 4 KiB', conns, (n, w) => clients[w]!.query({ name: 'i', text: `insert into ${schema}.floor values ($1, $2)`, values: [Buffer.from(`${conns}-${w}-${n}`), bodyBytes] }))
  await run('floor: SELECT 4 KiB', conns, (n, w) => clients[w]!.query({ name: 's', text: `select v from ${schema}.floor where k = $1`, values: [Buffer.from(`${conns}-${w}-${4e6 + (n % 300)}`)] }))
  for (const c of clients) await c.end()
}
const bucket = rowKey('b', 'bucket')
await engine.commit({ checks: [], writes: [{ key: bucket, value: randomBytes(300) }] })
const bvalue = await engine.get(bucket)
const put = (n: number, w: number, tag: string, versioned = false, listeners = false, body = true) => {
  const key = rowKey('o', 'bucket', `${tag}/${w}/${n}`)
  return engine.commit({
    checks: [{ key: bucket, is: bvalue }, { key, is: undefined }, ...(versioned ? [{ empty: { start: rowKey('v', 'bucket', `${tag}/${w}/${n}`, ''), end: rowKey('v', 'bucket', `${tag}/${w}/${n}`, '0') } }] : [])],
    writes: [{ key, value: version }, ...(body ? [{ key: rowKey('m', `${tag}-${w}-${n}`), value: bodyBytes }] : []), { key: rowKey('c', 'bucket'), add: { objectCount: 1, sizeBytes: 4096 } }, ...(listeners ? [{ append: rowKey('e', 'bucket'), value: randomBytes(300) }] : [])],
  }).then((c) => { if (c === undefined) throw new Error('refused') })
}
for (const writers of [1, 16, 64]) {
  await run('commit of a PUT 4 KiB', writers, (n, w) => put(n, w, `a${writers}`))
}
await run('commit of a PUT, body elsewhere', 16, (n, w) => put(n, w, `nb`, false, false, false))
await run('commit of a PUT 4 KiB, versioned', 16, (n, w) => put(n, w, 'v', true))
await run('commit of a PUT 4 KiB, with listeners', 16, (n, w) => put(n, w, 'l', false, true))
for (const readers of [1, 16, 64]) {
  await run('get of 4 KiB', readers, (n, w) => engine.get(rowKey('m', `a16-${w % 16}-${4e6 + (n % 100)}`)))
}
await engine.close()
process.exit(0)
