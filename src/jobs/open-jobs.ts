/** Opens the jobs of a process. Every process can show and start them. `runs`: this process also runs them. */
import { ApiError } from '#model/errors.ts'
import type { BackgroundWork, WorkStatus } from '#model/work-status.ts'
import { allJobs } from './all.ts'
import { compactionStatus } from './compaction-status.ts'
import type { Job, JobServices } from './job.ts'
import { Leases } from './lease.ts'
import { askedKeyOf, type JobRecord, readJob } from './record.ts'
import { JobRunner } from './runner.ts'
import { describeStarts, nextStartMs } from './schedule.ts'

export interface JobsOptions {
  readonly services: JobServices
  readonly runs: boolean
  readonly jobs?: readonly Job[]
}

export interface OpenJobs extends BackgroundWork {
  /** The id of this process in leases. */
  readonly owner: string
  /** Titles of the jobs that run at the moment, by the process that runs them. */
  owners(): Promise<Map<string, string[]>>
  close(): Promise<void>
}

export function openJobs({ services, runs, jobs: all = allJobs }: JobsOptions): OpenJobs {
  const { store, engine, clock } = services
  const jobs = all.filter((job) => job.isWanted?.(store) ?? true)
  const leases = new Leases({ engine, clock })
  const runner = runs ? new JobRunner({ jobs, services, leases }) : undefined
  return {
    async list() {
      const [ofStore, ...ofJobs] = await Promise.all([
        store.status(),
        ...jobs.map((job) => jobStatus(job, services, leases)),
      ])
      return [...ofStore, ...ofJobs, ...(await compactionStatus(engine))]
    },
    async start(name) {
      const job = jobs.find((one) => one.name === name)
      if (job === undefined) throw new ApiError('NoSuchKey', { message: 'There is no such job.' })
      if (!job.mayStartByHand) {
        throw new ApiError('MethodNotAllowed', { message: 'This job cannot be started by hand.' })
      }
      if (await leases.isHeld(name)) return
      await engine.commit({ checks: [], writes: [{ key: askedKeyOf(name), value: Buffer.from('{}') }] })
      runner?.look()
    },
    owner: leases.process,
    async owners() {
      const owned = await Promise.all(jobs.map(async (job) => ({ job, owner: await leases.findOwner(job.name) })))
      const titles = new Map<string, string[]>()
      for (const { job, owner } of owned) {
        if (owner !== undefined) titles.set(owner, [...(titles.get(owner) ?? []), job.title])
      }
      return titles
    },
    close: async () => runner?.close(),
  }
}

async function jobStatus(job: Job, services: JobServices, leases: Leases): Promise<WorkStatus> {
  const { engine, clock } = services
  const [{ record, isAsked }, isHeld] = await Promise.all([readJob(engine, job.name), leases.isHeld(job.name)])
  const starts = job.starts(services)
  const shown = await job.show(record.cursor, services)
  const nextMs = nextStartMs(starts, record, 0)
  return {
    name: job.name,
    title: job.title,
    what: job.what,
    starts: describeStarts(starts),
    state: stateOf(record, { isAsked, isHeld, hasProblem: shown.problem !== undefined }),
    figures: shown.figures,
    examples: shown.examples,
    problem: record.problem ?? shown.problem,
    startedAtMs: record.startedAtMs,
    endedAtMs: record.endedAtMs,
    againAtMs: nextMs !== undefined && nextMs > clock.nowMs() ? nextMs : undefined,
    mayStartByHand: job.mayStartByHand,
  }
}

function stateOf(
  { failures, startedAtMs, endedAtMs }: JobRecord,
  {
    isAsked,
    isHeld,
    hasProblem,
  }: { readonly isAsked: boolean; readonly isHeld: boolean; readonly hasProblem: boolean },
): WorkStatus['state'] {
  if (isHeld) return 'running'
  if (isAsked) return 'asked'
  if (failures > 0 || hasProblem) return 'failed'
  return startedAtMs !== undefined && endedAtMs === undefined ? 'waiting' : 'idle'
}
