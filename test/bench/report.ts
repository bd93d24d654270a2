/**
 * Formats the results as a table: one line for each candidate, one column for each work, with the ratio to the floor.
 */
import type { LoadResult } from './load/load.ts'
import type { Work } from './load/works.ts'
import { median } from './median.ts'

export interface Measurement extends LoadResult {
  readonly perSecond: number
  /** CPU time of the server's process tree for each operation; undefined when its process is not known. */
  readonly cpuMicroseconds?: number
  /** CPU time of the load generator itself, for each operation. */
  readonly clientMicroseconds: number
}

export interface Report {
  readonly title: string
  /** Undefined for a floor. */
  readonly durability?: string
  /** The results of each round, by the work's title. */
  readonly rounds: ReadonlyMap<string, readonly Measurement[]>
  readonly idleRssBytes?: number
  readonly rssBytes?: number
}

/** The line of the floor to compare with, and the minimum ratio. */
interface Goal {
  readonly floor: 'plain' | 'synced'
  readonly floorWork: string
  /** Times the floor. */
  readonly atLeast: number
}

function goalFor(work: Work, durability: string): Goal {
  const plain = (atLeast: number, floorWork = work.title): Goal => ({ floor: 'plain', floorWork, atLeast })
  switch (work.name) {
    case 'put':
      return durability === 'strict' ? { floor: 'synced', floorWork: work.title, atLeast: 1.5 } : plain(0.8)
    case 'list':
      return plain(0.05, 'GET 4 KiB')
    case 'versions':
      return plain(0.03, 'GET 4 KiB')
    case 'delete':
      // Against removing as many files one after another, with nothing synced.
      return plain(0.1)
    case 'put64':
      return plain(0.7)
    case 'get64':
      return plain(1.3)
    default:
      return plain(0.6)
  }
}

const MiB = 1024 * 1024
const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const formatRate = (rate: number) => (rate < 10 ? rate.toFixed(1) : whole(rate))

/** Medians of the rounds. */
function typical(rounds: readonly Measurement[], value: (measurement: Measurement) => number | undefined) {
  const known = rounds.map(value).filter((one) => one !== undefined)
  return known.length === 0 ? undefined : median(known)
}

function formatRounds(work: Work, rounds: readonly Measurement[]): string {
  const rate = typical(rounds, (one) => one.perSecond) ?? 0
  const main = work.operationMiB ? `${whole(rate * work.operationMiB)} MiB/s` : `${formatRate(rate)}/s`
  const cpu = typical(rounds, (one) => one.cpuMicroseconds)
  const client = typical(rounds, (one) => one.clientMicroseconds) ?? 0
  const failures = rounds.reduce((sum, one) => sum + one.failures, 0)
  const failed = rounds.find((one) => one.firstFailure !== undefined)
  return `${main}${cpu === undefined ? '' : ` · ${whole(cpu)} µs`} (client ${whole(client)} µs)${failed ? ` (${failures} FAILED: ${failed.firstFailure})` : ''}`
}

export function formatDetails(title: string, work: Work, rounds: readonly Measurement[]): string {
  const inMs = (value: (one: Measurement) => number) => `${(typical(rounds, value) ?? 0).toFixed(2)} ms`
  const latency = `p50 ${inMs((one) => one.p50Ms)}, p99 ${inMs((one) => one.p99Ms)}`
  return `${title}: ${formatRounds(work, rounds)}, ${latency}`
}

/** Such as `×0.71 of unsealed`: the median of the rounds' ratios. */
export function formatSealedRatio(work: Work, report: Report, unsealed: Report): string {
  const base = unsealed.rounds.get(work.title) ?? []
  const rounds = report.rounds.get(work.title) ?? []
  const ratio = median(rounds.map((one, round) => one.perSecond / (base[round]?.perSecond ?? Number.NaN)))
  const cpu = median(
    rounds.map((one, round) => (one.cpuMicroseconds ?? Number.NaN) / (base[round]?.cpuMicroseconds ?? Number.NaN)),
  )
  return `×${ratio.toFixed(2)} of unsealed, ×${cpu.toFixed(2)} of its CPU time`
}

/** Such as `×0.71 of 0.6`: the median of the rounds' ratios; undefined without a floor to compare with. */
export function formatRatio(work: Work, report: Report, reports: readonly Report[]): string | undefined {
  if (report.durability === undefined) return undefined
  const goal = goalFor(work, report.durability)
  const floor = reports.find((one) => one.durability === undefined && one.title === goal.floor)
  const base = floor?.rounds.get(goal.floorWork)
  const rounds = report.rounds.get(work.title)
  if (!base || !rounds) return undefined
  const ratio = median(rounds.map((one, round) => one.perSecond / (base[round]?.perSecond ?? Number.NaN)))
  const of = goal.floor === 'synced' ? 'the synced floor, ' : ''
  return `×${ratio.toFixed(2)} of ${of}${goal.atLeast}${ratio >= goal.atLeast ? '' : ' (below)'}`
}

export function formatTable(
  works: readonly Work[],
  reports: readonly Report[],
  completeMs: ReadonlyMap<string, number>,
): string {
  const megabytes = (bytes: number | undefined) => (bytes === undefined ? '-' : whole(bytes / MiB))
  const titles = ['', ...works.map((work) => work.title), 'complete 1 GiB', 'RSS idle · after, MiB']
  const rows = reports.map((report) => [
    report.durability === undefined ? `bare floor, ${report.title}` : report.title,
    ...works.map((work) => {
      const rounds = report.rounds.get(work.title)
      if (!rounds) return '-'
      const ratio = formatRatio(work, report, reports)
      return formatRounds(work, rounds) + (ratio ? ` ${ratio}` : '')
    }),
    completeMs.has(report.title) ? `${completeMs.get(report.title)?.toFixed(1)} ms` : '-',
    `${megabytes(report.idleRssBytes)} · ${megabytes(report.rssBytes)}`,
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}
