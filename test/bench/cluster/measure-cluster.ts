/** `npm run bench -- --cluster`: one node and two beside the database and the S3 store that they stand on, in turns. */
import { loadavg } from 'node:os'
import { Cluster } from '../../cluster/cluster.ts'
import { Bench, bucket, chooseWorks, type Work } from '../load/works.ts'
import { median } from '../median.ts'
import type { BenchOptions, WorkName } from '../options.ts'
import { type Floors, type Measure, openFloors } from './floors.ts'
import { limitProcessor } from './processor-share.ts'

interface Column {
  readonly title: string
  readonly floor: Measure
  readonly floorTitle: string
  /** For one node, as a fraction of the floor. */
  readonly goal: number
  readonly one: Measure
  readonly two: Measure
}

const workers = 2
const storeConnections = 4
/** Two nodes are to do so much more than one where the client leaves them cores. */
const twoNodesGoal = 1.5

export async function measureCluster(options: BenchOptions): Promise<void> {
  const cluster = await Cluster.start({ workers })
  const { shareCores } = options
  const limited = cluster.nodes.map(({ pid }) =>
    pid === undefined || shareCores === undefined ? () => {} : limitProcessor(pid, shareCores),
  )
  const floors = await openFloors(cluster, { database: workers, store: storeConnections })
  try {
    const benches = cluster.ports.map((port) => benchOf(options, port))
    await benches[0]?.createBucket(bucket)
    for (const column of columnsOf(options, benches, floors)) await measureColumn(column, options)
  } finally {
    await floors.close()
    await cluster.remove()
    for (const removeLimit of limited) removeLimit()
  }
}

function benchOf(options: BenchOptions, port: number): Bench {
  const { accessKey, secretKey } = options
  const endpoint = { host: '127.0.0.1', port }
  return new Bench(options, { endpoint, credentials: { accessKey, secretKey }, isFloor: false })
}

function columnsOf(options: BenchOptions, benches: readonly Bench[], floors: Floors): Column[] {
  const column = (name: WorkName, floorTitle: string, floor: Measure, goal: number): Column[] => {
    const work = chooseWorks(options).find((one) => one.name === name)
    if (work === undefined) return []
    const one = measureOf(work, benches.slice(0, 1))
    return [{ title: work.title, floorTitle, floor, goal, one, two: measureOf(work, benches) }]
  }
  return [
    ...column('put', 'INSERT 4 KiB', floors.insert, 0.5),
    ...column('get', 'SELECT 4 KiB', floors.select, 0.5),
    ...column('put64', 'PUT 64 MiB to the store', floors.put64, 0.7),
    ...column('get64', 'GET 64 MiB from the store', floors.get64, 0.7),
  ]
}

/** Each of the nodes has as many connections as the work. */
function measureOf(work: Work, benches: readonly Bench[]): Measure {
  let isPrepared = false
  return async (seconds) => {
    for (const bench of benches) bench.renew()
    if (!isPrepared) {
      for (const [at, bench] of benches.entries()) {
        bench.name = `node${at}`
        await work.prepare?.(bench)
        if (!bench.options.isSmoke) await bench.run(work, work.warmUpSeconds)
      }
      isPrepared = true
    }
    const results = await Promise.all(benches.map((bench) => bench.run(work, seconds)))
    for (const { failures, firstFailure } of results) {
      if (failures > 0) throw new Error(`${work.title}: ${failures} requests failed: ${firstFailure}`)
    }
    return results.reduce((sum, result) => sum + result.operations / result.seconds, 0)
  }
}

async function measureColumn(column: Column, { seconds, rounds }: BenchOptions): Promise<void> {
  const lanes = [column.floor, column.one, column.two]
  // The first run, with compilation, is not measured.
  for (const lane of lanes) await lane(seconds)
  const rates: number[][] = [[], [], []]
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [0, 1, 2] : [2, 1, 0]
    for (const at of order) rates[at]?.push((await lanes[at]?.(seconds)) ?? 0)
  }
  const [floor = [], one = [], two = []] = rates
  const against = (some: readonly number[], base: readonly number[]) =>
    median(some.map((rate, round) => rate / (base[round] ?? Number.NaN))).toFixed(2)
  const rate = (some: readonly number[]) => (median(some) < 100 ? median(some).toFixed(1) : Math.round(median(some)))
  console.log(
    `${column.title}: ${column.floorTitle} ${rate(floor)}/s, one node ${rate(one)}/s ×${against(one, floor)} (goal ${column.goal}), ` +
      `two nodes ${rate(two)}/s ×${against(two, one)} of one (goal ${twoNodesGoal} with cores to spare), load ${loadavg()[0]?.toFixed(1)}`,
  )
}
