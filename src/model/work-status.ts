/** Work that the server does by itself, as the console and `/_/jobs` show it. */
export interface WorkStatus {
  /** As in addresses. */
  readonly name: string
  readonly title: string
  /** A sentence. */
  readonly what: string
  /** When it begins, as `every 7 days`. */
  readonly starts?: string
  readonly state: WorkState
  readonly figures: readonly Figure[]
  readonly startedAtMs?: number | undefined
  /** Of the last run that came to its end; undefined while one is under way. */
  readonly endedAtMs?: number | undefined
  /** Not before this time. */
  readonly againAtMs?: number | undefined
  /** A sentence. */
  readonly problem?: string | undefined
  /** Some of the versions that were found damaged. */
  readonly examples?: readonly DamagedVersion[] | undefined
  readonly mayStartByHand: boolean
}

/** `asked`: a person has started it, and a process is about to take it up. `waiting`: it goes on at a later time. */
export type WorkState = 'idle' | 'running' | 'asked' | 'waiting' | 'failed' | 'on' | 'off'

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: 'count' | 'bytes'
  /** What follows the number in a sentence. */
  readonly noun: readonly [one: string, many: string]
  /** Counting ended here. */
  readonly isAtLeast?: boolean
}

export interface DamagedVersion {
  readonly bucket: string
  readonly key: string
  readonly versionId: string
  readonly what: string
}

/** What runs by itself in all processes that share a store. */
export interface BackgroundWork {
  list(): Promise<WorkStatus[]>
  /** NoSuchKey for work that there is none of, or that is not started by hand. */
  start(name: string): Promise<void>
}
