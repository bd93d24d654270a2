/** The shape of a job: what starts it, a bounded step of its work, and how it is shown. */

import type { LocalKeyring } from '#keyring/local-keyring.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine, RowEngine } from '#metadata/engine.ts'
import type { WorkStatus } from '#model/work-status.ts'
import type { Store } from '#store/contract.ts'

export interface JobLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The services that jobs use. */
export interface JobServices {
  readonly store: Store
  readonly engine: MetadataEngine
  readonly keyring: LocalKeyring
  readonly clock: Clock
  /** That of this machine: with several nodes it may be wrong. */
  readonly ownClock: Pick<Clock, 'nowMs'>
  readonly log: JobLog
  readonly settings: JobSettings
}

export interface JobSettings {
  /** Undefined if the scrub is started only by hand. */
  readonly scrubIntervalMs: number | undefined
}

/** `outbox`: the job starts whenever there are new rows for it. */
export type Starts =
  | { readonly by: 'interval'; readonly everyMs: number }
  | { readonly by: 'midnight' }
  | { readonly by: 'outbox'; readonly isBehind: (cursor: unknown) => Promise<boolean> }
  | { readonly by: 'hand' }

/** `busy`: there is more to do at once. `idle`: the run has ended. `againMs`: the run continues after this time. */
export type Step = 'busy' | 'idle' | { readonly againMs: number }

/** The work of one process on a job, while it holds the lease. */
export interface Run {
  /** Aborted when the process ends or loses the lease. The step must end soon after. */
  readonly signal: AbortSignal
  /** Commits through this engine fail with LeaseLost once another process holds the lease. */
  readonly engine: RowEngine
  /** The value that was saved last, in this run or an earlier one, by any process. */
  cursor(): unknown
  save(cursor: unknown): Promise<void>
}

export interface Job {
  /** The name in its rows and in URLs. */
  readonly name: string
  readonly title: string
  /** One sentence. */
  readonly what: string
  readonly starts: (services: JobServices) => Starts
  readonly mayStartByHand: boolean
  /** Absent if every store has this work. */
  readonly isWanted?: (store: Store) => boolean
  /** One step of a few seconds at most. Another process may run the next step. */
  readonly work: (run: Run, services: JobServices) => Promise<Step>
  /** Figures for the console and `/_/jobs`, from the cursor. */
  readonly show: (cursor: unknown, services: JobServices) => Shown | Promise<Shown>
}

export type Shown = Pick<WorkStatus, 'figures' | 'problem' | 'examples'>
