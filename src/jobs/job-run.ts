/** A run of a job under its lease: every write of the job's row fails once the lease is lost. */
import type { Clock } from '#lib/clock.ts'
import type { Write } from '#metadata/engine.ts'
import type { Run, Step } from './job.ts'
import type { Lease } from './lease.ts'
import { askedKeyOf, encodeRecord, type JobRecord, recordKeyOf } from './record.ts'
import { backOffMs } from './schedule.ts'

export interface JobRunOptions {
  readonly name: string
  readonly lease: Lease
  readonly record: JobRecord
  readonly clock: Clock
  /** Aborted when the process ends. */
  readonly closing: AbortSignal
}

export class JobRun implements Run {
  readonly signal: AbortSignal
  readonly engine: Run['engine']
  readonly #name: string
  readonly #clock: Clock
  #record: JobRecord

  constructor({ name, lease, record, clock, closing }: JobRunOptions) {
    this.#name = name
    this.#record = record
    this.#clock = clock
    this.engine = lease.engine
    this.signal = AbortSignal.any([lease.signal, closing])
  }

  cursor(): unknown {
    return this.#record.cursor
  }

  save(cursor: unknown): Promise<void> {
    return this.#write({ cursor })
  }

  /** A run that was interrupted keeps its start time. */
  begin(): Promise<void> {
    const { startedAtMs, endedAtMs } = this.#record
    const isInterrupted = startedAtMs !== undefined && endedAtMs === undefined
    const begun = isInterrupted ? startedAtMs : this.#clock.nowMs()
    const more = { startedAtMs: begun, endedAtMs: undefined, againAtMs: undefined }
    return this.#write(more, [{ key: askedKeyOf(this.#name), value: undefined }])
  }

  end(step: Exclude<Step, 'busy'>): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const more = step === 'idle' ? { endedAtMs: nowMs } : { againAtMs: nowMs + step.againMs }
    return this.#write({ ...more, failures: 0, problem: undefined })
  }

  fail(error: unknown): Promise<void> {
    const failures = this.#record.failures + 1
    const problem = error instanceof Error ? error.message : String(error)
    return this.#write({ failures, problem, againAtMs: this.#clock.nowMs() + backOffMs(failures) })
  }

  async #write(more: Partial<JobRecord>, also: readonly Write[] = []): Promise<void> {
    const record = { ...this.#record, ...more }
    const writes = [{ key: recordKeyOf(this.#name), value: encodeRecord(record) }, ...also]
    await this.engine.commit({ checks: [], writes })
    this.#record = record
  }
}
