/** The shape of a job: what starts it, a bounded step of its work, and how it is shown. */
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import type { WorkStatus } from '#model/work-status.ts'
import type { Store } from '#store/contract.ts'
import type { FencedEngine } from './lease.ts'

export interface JobLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What jobs work with. */
export interface JobServices {
  readonly store: Store
  readonly engine: MetadataEngine
  readonly clock: Clock
  readonly log: JobLog
  readonly settings: JobSettings
}

export interface JobSettings {
  /** Undefined: the scrub is started by hand alone. */
  readonly scrubIntervalMs: number | undefined
}

/** `outbox`: whenever it is behind with what it reads. */
export type Starts =
  | { readonly by: 'interval'; readonly everyMs: number }
  | { readonly by: 'midnight' }
  | { readonly by: 'outbox'; readonly isBehind: (cursor: unknown) => Promise<boolean> }
  | { readonly by: 'hand' }

/** `busy`: there is more to do at once. `idle`: the run is at its end. `againMs`: the run goes on after so long. */
export type Step = 'busy' | 'idle' | { readonly againMs: number }

/** One process's turn at a job, as long as it has the lease. */
export interface Run {
  /** Aborted when the process ends or has lost the lease: a step ends soon after. */
  readonly signal: AbortSignal
  /** Commits through it fail with LeaseLost once another process has the lease. */
  readonly engine: FencedEngine
  /** As it was saved last, in this run or an earlier one, of any process. */
  cursor(): unknown
  save(cursor: unknown): Promise<void>
}

export interface Job {
  /** Of its rows and in addresses. */
  readonly name: string
  readonly title: string
  /** A sentence. */
  readonly what: string
  readonly starts: (services: JobServices) => Starts
  readonly mayStartByHand: boolean
  /** A step of some seconds at the most; what is left of it may be done by another process. */
  readonly work: (run: Run, services: JobServices) => Promise<Step>
  /** What the cursor tells. */
  readonly show: (cursor: unknown, services: JobServices) => Shown | Promise<Shown>
}

export type Shown = Pick<WorkStatus, 'figures' | 'problem' | 'examples'>
