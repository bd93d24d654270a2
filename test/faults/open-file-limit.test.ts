/** Every way to use up the descriptors of the processes: the excess is refused, and later requests succeed. */
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { childrenOf, type Launched, launch } from '../launcher/launcher.ts'

const apiUrl = /S3 API\s+(http:\/\/\S+)/
const consoleUrl = /Console\s+(http:\/\/\S+)/
const keys = { 'X-Access-Key': 'localadmin', 'X-Secret-Key': 'localadmin' }
const headers = Object.entries(keys).map(([name, value]) => `${name}: ${value}`)
const started: Launched[] = []
const sockets: Socket[] = []

async function start(flags: string[] = [], env: Record<string, string> = {}, openFiles = 200) {
  const launched = launch(['--api-port', '0', '--ui-port', '0', ...flags], env, { openFiles })
  started.push(launched)
  const [, api = ''] = await launched.said(apiUrl)
  return { ...launched, api }
}

/** Connections that each send `bytes` and then nothing. Returns the answers so far. */
async function open(url: string, count: number, bytes: (at: number) => string): Promise<() => string[]> {
  const { hostname, port } = new URL(url)
  const answers: string[] = []
  await Promise.all(
    Array.from({ length: count }, (_, at) => {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      answers[at] = ''
      socket.on('data', (piece) => {
        answers[at] = `${answers[at]}${piece}`
      })
      socket.on('error', () => {})
      return new Promise<void>((resolve) => {
        socket.once('connect', () => socket.write(bytes(at), () => resolve()))
        socket.once('close', () => resolve())
      })
    }),
  )
  return () => answers
}

function closeAll(): void {
  for (const socket of sockets.splice(0)) socket.destroy()
}

/** Every worker is asked: connections take turns. */
async function expectServing(api: string): Promise<void> {
  const ask = async (at: number) => {
    const put = { method: 'PUT', headers: { ...keys, connection: 'close' }, body: 'x'.repeat(100_000) }
    return (await fetch(`${api}/bucket/after${at}`, put)).status
  }
  await expect
    .poll(async () => Promise.all([0, 1, 2, 3].map(ask)), { timeout: 20_000, interval: 200 })
    .toEqual([200, 200, 200, 200])
}

afterEach(async () => {
  closeAll()
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGTERM')
    await exited
  }
})

const upload = (at: number) =>
  [
    `PUT /bucket/key${at} HTTP/1.1`,
    'Host: localhost',
    ...headers,
    'Content-Length: 200000',
    '',
    'x'.repeat(100_000),
  ].join('\r\n')

describe('where every process may have 200 files open', () => {
  it('uploads beyond are answered 503 SlowDown, those before go on, and afterwards everything is served', async () => {
    const { api, output } = await start(['--workers', '2', '--mode', 'api'], { MYFSIO_BUCKETS: 'bucket' })
    const answers = await open(api, 400, upload)
    await expect
      .poll(() => answers().filter((text) => text.includes('503')).length, { timeout: 10_000 })
      .toBeGreaterThan(50)
    const refused = answers().find((text) => text.includes('503')) ?? ''
    expect(refused).toMatch(/<Code>SlowDown<\/Code>/)
    expect(refused).toMatch(/^retry-after: 1\r$/im)
    const [first] = sockets
    first?.write('x'.repeat(100_000))
    await expect.poll(() => answers()[0], { timeout: 10_000 }).toMatch(/^HTTP\/1.1 200/)
    await expect.poll(() => output(), { timeout: 10_000 }).toMatch(/open files/)
    closeAll()
    await expectServing(api)
  }, 60_000)

  it('idle connections and heads without an end keep nobody out for good', async () => {
    const { api } = await start(['--workers', '1', '--mode', 'api'], { MYFSIO_BUCKETS: 'bucket' })
    await open(api, 150, () => 'HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expectServing(api)
    await open(api, 300, () => '')
    closeAll()
    await open(api, 300, () => 'GET / HTTP/1.1\r\nHo')
    closeAll()
    await expectServing(api)
  }, 60_000)

  it('requests sent one after the other on a connection, unread, are bounded as well', async () => {
    const { api } = await start(['--workers', '1', '--mode', 'api'], { MYFSIO_BUCKETS: 'bucket' })
    await expectServing(api)
    const get = ['GET /bucket/after0 HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n')
    const { hostname, port } = new URL(api)
    const socket = connect(Number(port), hostname, () => socket.write(get.repeat(2000))).pause()
    sockets.push(socket.on('error', () => {}))
    await expectServing(api)
    closeAll()
    await expectServing(api)
  }, 60_000)

  it('the console refuses and recovers in the same way', async () => {
    const { said } = await start()
    const [, page = ''] = await said(consoleUrl)
    await open(page, 400, () => 'POST /ui/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n')
    closeAll()
    await expect.poll(async () => (await fetch(page)).status, { timeout: 20_000 }).toBe(200)
  }, 60_000)
})

describe('a process that does not answer', () => {
  it('is replaced, and who connected meanwhile is served by its successor', async () => {
    const env = { WORKER_TIMEOUT_SECONDS: '3', MYFSIO_BUCKETS: 'bucket' }
    const { api, child, said } = await start(['--workers', '1', '--mode', 'api'], env, 1000)
    const [worker = 0] = childrenOf(child.pid)
    process.kill(worker, 'SIGSTOP')
    const asked = Array.from({ length: 4 }, () => fetch(`${api}/healthz`))
    await said(/API worker 1 \(process \d+\) has not answered for 3 s and is being ended/)
    await said(/API worker 1 serves again/)
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200)
  }, 60_000)

  it('is left alone when it answers again in time', async () => {
    const { api, child, output } = await start(
      ['--workers', '1', '--mode', 'api'],
      { WORKER_TIMEOUT_SECONDS: '20' },
      1000,
    )
    const before = childrenOf(child.pid)
    for (const pid of before) process.kill(pid, 'SIGSTOP')
    const asked = fetch(`${api}/healthz`)
    await new Promise((resolve) => setTimeout(resolve, 4000))
    for (const pid of before) process.kill(pid, 'SIGCONT')
    expect((await asked).status).toBe(200)
    expect(childrenOf(child.pid)).toEqual(before)
    expect(output()).not.toMatch(/has not answered/)
  }, 60_000)
})
