/**
 * `npm run bench`: measures the floor and this server (or another S3 endpoint) in turns. See options.ts. All of them
 * run at the same time, and only one is under load: a shared machine changes more from minute to minute than they
 * differ. So compared results are measured within seconds, and the medians of several rounds count.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { measureCluster } from './cluster/measure-cluster.ts'
import { timeCompleteMs } from './complete.ts'
import { chooseWorks, type Work } from './load/works.ts'
import { median } from './median.ts'
import { parseOptions } from './options.ts'
import { measurePolicy } from './policies.ts'
import { formatDetails, formatRatio, formatSealedRatio, formatTable, type Report } from './report.ts'
import { chooseCandidates } from './servers/candidates.ts'
import { Contender } from './servers/contender.ts'

/**
 * The folder of all candidates' folders, which is removed at the end. ext4 is asked to spread it over its block groups:
 * without a journal it skips each file that was removed nearby in the last minutes when it creates one, so later
 * candidates would be slower because of earlier ones (PUT took three times as long).
 */
async function makeParent(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  await promisify(execFile)('chattr', ['+T', folder]).catch(() => undefined)
  return folder
}

async function measureInTurns(contenders: readonly Contender[], work: Work, rounds: number): Promise<void> {
  for (const contender of contenders) await contender.warmUp(work)
  for (let round = 0; round < rounds; round++) {
    // In alternating order, so that a candidate does not always follow the same one.
    for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) await contender.measure(work)
  }
  console.log('')
  for (const { candidate, rounds } of contenders) {
    console.log(formatDetails(`${work.title}, ${candidate.title}`, work, rounds.get(work.title) ?? []))
  }
}

async function comparePolicies({ bench, candidate }: Contender): Promise<void> {
  const get = candidate.works.find(({ name }) => name === 'get')
  if (get === undefined) return
  const { withPolicy, without } = await measurePolicy(bench, get)
  const ratio = (withPolicy / without).toFixed(2)
  console.log(
    `GET 4 KiB with 50 statements, ${candidate.title}: ${Math.round(withPolicy)}/s, ×${ratio} of without, in turns (goal 0.85)`,
  )
}

async function timeComplete({ bench, candidate }: Contender): Promise<number> {
  const [tries, partCount] = bench.options.isSmoke ? [1, 8] : [3, 128]
  const times: number[] = []
  for (let tried = 0; tried < tries; tried++) {
    bench.renew()
    times.push(await timeCompleteMs(bench, partCount))
  }
  const completeMs = median(times)
  console.log(`complete of ${partCount} parts of 8 MiB, ${candidate.title}: ${completeMs.toFixed(1)} ms`)
  return completeMs
}

const options = parseOptions(process.argv.slice(2))
if (options.isCluster) {
  await measureCluster(options)
  process.exit()
}
const contenders: Contender[] = []
const parent = await makeParent()
const completeMs = new Map<string, number>()
let reports: readonly Report[]
try {
  for (const candidate of chooseCandidates(options)) {
    contenders.push(await Contender.start(candidate, options, parent))
  }
  const works = new Map(contenders.flatMap(({ candidate }) => candidate.works).map((work) => [work.title, work]))
  for (const work of works.values()) {
    const able = contenders.filter(({ candidate }) => candidate.works.some(({ title }) => title === work.title))
    await measureInTurns(able, work, options.rounds)
  }
  console.log('')
  for (const contender of contenders.filter(({ candidate }) => candidate.durability !== undefined)) {
    if (options.hasPolicies) await comparePolicies(contender)
    if (options.works.has('complete')) completeMs.set(contender.candidate.title, await timeComplete(contender))
  }
  reports = contenders.map((contender) => contender.report())
} finally {
  for (const contender of contenders) await contender.stop()
  await rm(parent, { recursive: true, force: true })
}

console.log('')
const works = chooseWorks(options)
if (options.isMarkdown) {
  console.log(formatTable(works, reports, completeMs))
} else {
  for (const report of reports.filter(({ durability }) => durability !== undefined)) {
    for (const work of works) console.log(`${report.title}: ${work.title} ${formatRatio(work, report, reports) ?? ''}`)
  }
}
for (const { candidate } of contenders.filter(({ candidate }) => candidate.sealedOf !== undefined)) {
  const [sealed, plain] = [candidate.title, candidate.sealedOf].map((title) =>
    reports.find((one) => one.title === title),
  )
  if (sealed === undefined || plain === undefined) continue
  for (const work of candidate.works) {
    if (work.name !== 'complete')
      console.log(`${sealed.title}: ${work.title} ${formatSealedRatio(work, sealed, plain)}`)
  }
}
const failures = reports
  .flatMap(({ rounds }) => [...rounds.values()].flat())
  .filter((measurement) => measurement.failures > 0 || measurement.operations === 0)
if (failures.length > 0) {
  console.error(`${failures.length} of the measurements met failed requests.`)
  process.exitCode = 1
}
