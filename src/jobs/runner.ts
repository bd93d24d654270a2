/** Runs the jobs that are due and that no other process runs. Every process of the API has a runner. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sleep, systemClock } from '#lib/clock.ts'
import type { Job, JobServices } from './job.ts'
import { JobRun } from './job-run.ts'
import { type Lease, LeaseLost, type Leases } from './lease.ts'
import { readJob } from './record.ts'
import { isDue } from './schedule.ts'

export interface RunnerOptions {
  readonly jobs: readonly Job[]
  readonly services: JobServices
  readonly leases: Leases
}

const lookEveryMs = 2000
/** No job starts for this time after the index could not be read or written. */
const pauseMs = 60_000
const closeMaxMs = 3000

export class JobRunner {
  readonly #options: RunnerOptions
  readonly #openedAtMs: number
  readonly #running = new Map<string, { readonly lease: Lease; readonly ended: Promise<void> }>()
  readonly #closing = new AbortController()
  #looking: Promise<void> = Promise.resolve()
  #pausedUntilMs = Number.NEGATIVE_INFINITY
  #cancel = () => {}

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#openedAtMs = options.services.clock.nowMs()
    this.#lookLater()
  }

  /** Starts the jobs that are due now. */
  look(): void {
    this.#cancel()
    this.#looking = this.#looking
      .then(() => this.#beginDue())
      .catch((error: unknown) => this.#pause({ err: error }, 'jobs that are due could not be started'))
    this.#lookLater()
  }

  /** Running jobs end their step; they continue in another process, or at the next start. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#cancel()
    await this.#looking
    const ended = Promise.all([...this.#running.values()].map((one) => one.ended))
    // A step that does not end in time is abandoned: its job continues from the cursor.
    await Promise.race([ended, sleep(systemClock, closeMaxMs)])
    for (const { lease } of this.#running.values()) await lease.release().catch(() => undefined)
  }

  #lookLater(): void {
    if (this.#closing.signal.aborted) return
    // A random wait, so that processes that started together do not all look at the same time.
    const waitMs = lookEveryMs * (0.75 + Math.random() / 2)
    this.#cancel = this.#options.services.clock.after(waitMs, () => this.look())
  }

  #pause(fields: object, message: string): void {
    const { log, clock } = this.#options.services
    this.#pausedUntilMs = clock.elapsedMs() + pauseMs
    log.warn(fields, message)
  }

  async #beginDue(): Promise<void> {
    if (this.#options.services.clock.elapsedMs() < this.#pausedUntilMs) return
    for (const job of this.#options.jobs) {
      if (this.#closing.signal.aborted) return
      if (this.#running.has(job.name) || !(await this.#isDue(job))) continue
      const lease = await this.#options.leases.take(job.name)
      if (lease === undefined) continue
      const ended = this.#run(job, lease).finally(() => this.#running.delete(job.name))
      this.#running.set(job.name, { lease, ended })
    }
  }

  async #isDue(job: Job): Promise<boolean> {
    const { engine, clock } = this.#options.services
    const { record, isAsked } = await readJob(engine, job.name)
    const options = { nowMs: clock.nowMs(), openedAtMs: this.#openedAtMs, isAsked }
    return isDue(job.starts(this.#options.services), record, options)
  }

  async #run(job: Job, lease: Lease): Promise<void> {
    const { log } = this.#options.services
    try {
      // The previous owner of the lease may have run the job meanwhile.
      if (await this.#isDue(job)) await this.#work(job, lease)
    } catch (error) {
      const { name } = job
      if (error instanceof LeaseLost) log.info({ job: name }, 'another process has the lease of a job and continues it')
      else this.#pause({ err: error, job: name }, 'the state of a job could not be written')
    } finally {
      // A lease that could not be released expires.
      await lease.release().catch(() => undefined)
    }
  }

  async #work(job: Job, lease: Lease): Promise<void> {
    const { services } = this.#options
    const { record } = await readJob(services.engine, job.name)
    const run = new JobRun({ name: job.name, lease, record, clock: services.clock, closing: this.#closing.signal })
    await run.begin()
    try {
      for (let step = await job.work(run, services); ; step = await job.work(run, services)) {
        // An interrupted run continues from its cursor.
        if (run.signal.aborted) return
        if (step !== 'busy') return await run.end(step)
        await nextTurn()
      }
    } catch (error) {
      if (run.signal.aborted || error instanceof LeaseLost) throw error
      services.log.warn({ err: error, job: job.name }, 'a job has failed; it is tried again')
      await run.fail(error)
    }
  }
}
