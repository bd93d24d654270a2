/** Background work in sentences, and its start by hand. */
import { formatBytes, formatCount } from '#console/answer/format.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { authorizeForServer, mayForServer } from '#console/visit/servers-account.ts'
import type { Figure, WorkStatus } from '#model/work-status.ts'

export interface Work {
  readonly name: string
  readonly title: string
  readonly what: string
  /** For example `Every 7 days`. */
  readonly starts: string
  readonly state: WorkStatus['state']
  readonly detail: string
  /** The time at the end of the detail. */
  readonly atMs: number | undefined
  /** When it starts or continues. */
  readonly againAtMs: number | undefined
  readonly problem: string | undefined
  readonly mayStart: boolean
}

/** AWS's action for jobs. */
const starting = 's3:CreateJob'

export async function describeWork(visit: Visit, services: ConsoleServices): Promise<Work[]> {
  const mayStart = mayForServer(visit, services, starting)
  const all = await services.backgroundWork.list()
  return all.map((status) => ({
    name: status.name,
    title: status.title,
    what: status.what,
    starts: capitalized(status.starts ?? ''),
    state: status.state,
    ...detailOf(status),
    againAtMs: status.againAtMs,
    problem: problemOf(status),
    mayStart: mayStart && status.mayStartByHand && status.state !== 'running' && status.state !== 'asked',
  }))
}

export const startJob: Page = async (visit, services) => {
  authorizeForServer(visit, services, starting)
  const name = visit.params.job ?? ''
  await services.backgroundWork.start(name)
  return { redirect: '/ui/system', notice: { kind: 'done', text: 'The job was started.' } }
}

function detailOf({ starts, state, figures, startedAtMs, endedAtMs }: WorkStatus): Pick<Work, 'detail' | 'atMs'> {
  const counted = figures.filter(({ value }) => value > 0).map(formatFigure)
  if (startedAtMs === undefined) {
    const none = figures.length > 0 ? 'None' : starts === undefined ? '' : 'Not yet'
    return { detail: counted.join(', ') || none, atMs: undefined }
  }
  if (endedAtMs === undefined) return { detail: capitalized([...counted, 'since'].join(', ')), atMs: startedAtMs }
  const seconds = Math.round((endedAtMs - startedAtMs) / 1000)
  const took = seconds === 0 ? [] : [`in ${formatCount(seconds)} s`]
  const end = state === 'failed' ? 'ended' : 'done'
  return { detail: capitalized([...counted, ...took, end].join(', ')), atMs: endedAtMs }
}

function formatFigure({ value, unit, noun: [one, many], isAtLeast }: Figure): string {
  const number = unit === 'bytes' ? formatBytes(value) : formatCount(value)
  return `${number}${isAtLeast === true ? ' or more' : ''} ${value === 1 ? one : many}`.trimEnd()
}

function problemOf({ problem, examples = [] }: WorkStatus): string | undefined {
  const [example] = examples
  if (problem === undefined || example === undefined) return problem
  return `${problem} For example ${example.bucket}/${example.key}: ${example.what}`
}

const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
