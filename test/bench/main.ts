/** `npm run bench`: the floor first, then this server (or another S3 endpoint) in the same run. See options.ts. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { timeCompleteMs } from './complete.ts'
import { type BenchOptions, parseOptions } from './options.ts'
import { findFreePort, root, startOwnServer, tsx } from './own-server.ts'
import { measurePolicy } from './policies.ts'
import { measureTree, type StartedServer, startServer } from './processes.ts'
import { formatDetails, formatRatio, formatTable, goalFor, type Measurement, type SubjectReport } from './report.ts'
import { Bench, bucket, chooseWorks, type Work } from './works.ts'

interface Candidate {
  readonly title: string
  readonly durability: string
  readonly isFloor: boolean
  readonly works: readonly Work[]
  /** Gives where it answers and its process, if known. */
  start(folder: string): Promise<{ url: URL; server?: StartedServer; pid?: number }>
}

async function measure(bench: Bench, work: Work, pid: number | undefined): Promise<Measurement> {
  bench.renew()
  await work.prepare?.(bench)
  if (!bench.options.isSmoke) await bench.run(work, work.warmUpSeconds)
  const before = pid === undefined ? undefined : measureTree(pid)
  const ownBefore = process.cpuUsage()
  const result = await bench.run(work, bench.options.seconds)
  const own = process.cpuUsage(ownBefore)
  const after = pid === undefined ? undefined : measureTree(pid)
  const count = Math.max(1, result.operations)
  const clientMicrosecondsPerOperation = (own.user + own.system) / count
  if (!before || !after) return { ...result, clientMicrosecondsPerOperation }
  const cpuMicrosecondsPerOperation = (after.cpuMicroseconds - before.cpuMicroseconds) / count
  return { ...result, clientMicrosecondsPerOperation, cpuMicrosecondsPerOperation }
}

async function runCandidate(candidate: Candidate, options: BenchOptions, parent: string): Promise<SubjectReport> {
  console.log(`\n${candidate.title}`)
  const folder = await mkdtemp(join(parent, 'candidate-'))
  let server: StartedServer | undefined
  try {
    const started = await candidate.start(folder)
    server = started.server
    const pid = server?.pid ?? started.pid
    const idle = pid === undefined ? undefined : measureTree(pid)
    const { accessKey, secretKey } = options
    const endpoint = { host: started.url.hostname, port: Number(started.url.port || 80) }
    const bench = new Bench(options, { endpoint, credentials: { accessKey, secretKey }, isFloor: candidate.isFloor })
    if (!candidate.isFloor) await bench.createBucket(bucket)
    const measurements = new Map<string, Measurement>()
    for (const work of candidate.works) {
      const measurement = await measure(bench, work, pid)
      measurements.set(work.title, measurement)
      console.log(`  ${formatDetails(work, measurement)}`)
    }
    if (options.hasPolicies && !candidate.isFloor) await comparePolicies(bench, candidate)
    const report = { title: candidate.title, measurements, ...(await complete(candidate, bench)) }
    const after = pid === undefined ? undefined : measureTree(pid)
    return idle && after ? { ...report, idleRssBytes: idle.rssBytes, rssBytes: after.rssBytes } : report
  } finally {
    await server?.stop()
  }
}

/**
 * The folder of all candidates' folders, which is removed when all are done, and which ext4 is asked to spread over its block groups:
 * without a journal it walks past each file that was removed nearby in the last minutes whenever it makes one, so that who came later
 * would pay for what the others left (PUT took three times as long).
 */
async function makeParent(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  await promisify(execFile)('chattr', ['+T', folder]).catch(() => undefined)
  return folder
}

async function comparePolicies(bench: Bench, candidate: Candidate): Promise<void> {
  const get = candidate.works.find(({ name }) => name === 'get')
  if (get === undefined) return
  const { withPolicy, without } = await measurePolicy(bench, get)
  const ratio = (withPolicy / without).toFixed(2)
  console.log(`  GET 4 KiB with 50 statements: ${Math.round(withPolicy)}/s, ×${ratio} of without, in turns (goal 0.85)`)
}

async function complete(candidate: Candidate, bench: Bench): Promise<{ completeMs?: number }> {
  if (candidate.isFloor || !bench.options.works.has('complete')) return {}
  bench.renew()
  const partCount = bench.options.isSmoke ? 8 : 128
  const completeMs = await timeCompleteMs(bench, partCount)
  console.log(`  complete of ${partCount} parts of 8 MiB: ${completeMs.toFixed(1)} ms`)
  return { completeMs }
}

function floors(works: readonly Work[]): Candidate[] {
  const start = (flags: readonly string[]) => async (folder: string) => {
    const port = await findFreePort()
    const url = new URL(`http://127.0.0.1:${port}`)
    const command = [...tsx, join(root, 'test/bench/floor.ts'), String(port), folder, ...flags]
    return { url, server: await startServer(command, url.href) }
  }
  const common = { durability: '', isFloor: true }
  const onFloor = works.filter((work) => work.isOnFloor)
  const putOnly = onFloor.filter((work) => work.name === 'put')
  const plain = { ...common, title: 'plain', works: onFloor, start: start([]) }
  return putOnly.length === 0
    ? [plain]
    : [plain, { ...common, title: 'synced', works: putOnly, start: start(['--synced']) }]
}

function subjects(options: BenchOptions, works: readonly Work[]): Candidate[] {
  const common = { isFloor: false, works }
  const { target, command, pid } = options
  if (target) {
    const start = async () => {
      if (!command) return pid === undefined ? { url: target } : { url: target, pid }
      return { url: target, server: await startServer(['sh', '-c', command], target.href) }
    }
    return [{ ...common, title: target.host, durability: options.durabilities[0] ?? 'strict', start }]
  }
  return options.durabilities.map((durability) => ({
    ...common,
    title: `ours, ${durability}`,
    durability,
    start: (folder: string) =>
      startOwnServer(folder, { DURABILITY: durability }, options.workers ? ['--workers', options.workers] : []),
  }))
}

const options = parseOptions(process.argv.slice(2))
const works = chooseWorks(options)
const candidates = subjects(options, works)
const floorReports = new Map<string, SubjectReport>()
const reports: SubjectReport[] = []
const parent = await makeParent()
try {
  // Lists and PUTs are compared with the floor's GET: it is measured whenever something is.
  for (const floor of floors(chooseWorks({ ...options, works: new Set([...options.works, 'get']) }))) {
    floorReports.set(floor.title, await runCandidate(floor, options, parent))
  }
  for (const candidate of candidates) reports.push(await runCandidate(candidate, options, parent))
} finally {
  await rm(parent, { recursive: true, force: true })
}

const durabilityOf = new Map(candidates.map((candidate) => [candidate.title, candidate.durability]))
const ratioOf = (report: SubjectReport, work: Work): string | undefined => {
  const measurement = report.measurements.get(work.title)
  const durability = durabilityOf.get(report.title)
  if (!measurement || durability === undefined) return undefined
  return formatRatio(measurement, floorReports, goalFor(work, durability))
}
console.log('')
if (options.isMarkdown) {
  const named = [...floorReports.values()].map((report) => ({ ...report, title: `bare floor, ${report.title}` }))
  console.log(formatTable(works, [...named, ...reports], ratioOf))
} else {
  for (const report of reports) {
    for (const work of works) console.log(`${report.title}: ${work.title} ${ratioOf(report, work) ?? ''}`)
  }
}
const failures = [...floorReports.values(), ...reports].flatMap((report) =>
  [...report.measurements.values()].filter((measurement) => measurement.failures > 0 || measurement.operations === 0),
)
if (failures.length > 0) {
  console.error(`${failures.length} of the measurements met failed requests.`)
  process.exitCode = 1
}
