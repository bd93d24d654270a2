/** Turns what was measured into the table: one line a subject, one column a work, each with its ratio to the floor. */
import type { LoadResult } from './load.ts'
import type { Work } from './works.ts'

export interface Measurement extends LoadResult {
  /** CPU time of the server's process tree; undefined when its process is not known. */
  readonly cpuMicrosecondsPerOperation?: number
  /** CPU time of the load generator itself. */
  readonly clientMicrosecondsPerOperation: number
}

export interface SubjectReport {
  readonly title: string
  /** By the work's title. */
  readonly measurements: ReadonlyMap<string, Measurement>
  readonly completeMs?: number
  readonly idleRssBytes?: number
  readonly rssBytes?: number
}

/** What is compared with which line of the floor, and the least to reach. */
export interface Goal {
  readonly floor: 'plain' | 'synced'
  readonly floorWork: string
  /** Times the floor. */
  readonly atLeast: number
}

export function goalFor(work: Work, durability: string): Goal {
  const plain = (atLeast: number, floorWork = work.title): Goal => ({ floor: 'plain', floorWork, atLeast })
  switch (work.name) {
    case 'put':
      return durability === 'strict' ? { floor: 'synced', floorWork: work.title, atLeast: 1.5 } : plain(0.8)
    case 'list':
      return plain(0.05, 'GET 4 KiB')
    case 'put64':
      return plain(0.7)
    case 'get64':
      return plain(1.3)
    default:
      return plain(0.6)
  }
}

const MiB = 1024 * 1024
const perSecond = (result: LoadResult) => result.operations / result.seconds
const whole = (value: number) => Math.round(value).toLocaleString('en-US')

export function formatMeasurement(work: Work, measurement: Measurement): string {
  const rate = perSecond(measurement)
  const main = work.operationMiB ? `${whole(rate * work.operationMiB)} MiB/s` : `${whole(rate)}/s`
  const cpu = measurement.cpuMicrosecondsPerOperation
  const failures = measurement.failures > 0 ? ` (${measurement.failures} FAILED: ${measurement.firstFailure})` : ''
  return `${main}${cpu === undefined ? '' : ` · ${whole(cpu)} µs`}${failures}`
}

export function formatDetails(work: Work, measurement: Measurement): string {
  const { p50Ms, p99Ms, clientMicrosecondsPerOperation: own } = measurement
  const latency = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`
  return `${work.title}: ${formatMeasurement(work, measurement)}, ${latency} (client ${own.toFixed(0)} µs/op)`
}

/** As `0.71 of 0.6`; undefined without a floor to compare with. */
export function formatRatio(measurement: Measurement, floors: ReadonlyMap<string, SubjectReport>, goal: Goal) {
  const base = floors.get(goal.floor)?.measurements.get(goal.floorWork)
  if (!base) return undefined
  const ratio = perSecond(measurement) / perSecond(base)
  return `×${ratio.toFixed(2)} of ${goal.floor === 'synced' ? 'the synced floor, ' : ''}${goal.atLeast}${ratio >= goal.atLeast ? '' : ' (below)'}`
}

export function formatTable(
  works: readonly Work[],
  reports: readonly SubjectReport[],
  ratios: (report: SubjectReport, work: Work) => string | undefined,
): string {
  const megabytes = (bytes: number | undefined) => (bytes === undefined ? '-' : whole(bytes / MiB))
  const titles = ['', ...works.map((work) => work.title), 'complete 1 GiB', 'RSS idle · after, MiB']
  const rows = reports.map((report) => [
    report.title,
    ...works.map((work) => {
      const measurement = report.measurements.get(work.title)
      if (!measurement) return '-'
      const ratio = ratios(report, work)
      return formatMeasurement(work, measurement) + (ratio ? ` ${ratio}` : '')
    }),
    report.completeMs === undefined ? '-' : `${report.completeMs.toFixed(1)} ms`,
    `${megabytes(report.idleRssBytes)} · ${megabytes(report.rssBytes)}`,
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}
