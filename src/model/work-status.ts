/** The background work of the server, as the console and `/_/jobs` show it. */
export interface WorkStatus {
  /** The name in URLs. */
  readonly name: string
  readonly title: string
  /** One sentence. */
  readonly what: string
  /** When it starts, such as `every 7 days`. */
  readonly starts?: string
  readonly state: WorkState
  readonly figures: readonly Figure[]
  readonly startedAtMs?: number | undefined
  /** Undefined while a run is in progress, or was interrupted. */
  readonly endedAtMs?: number | undefined
  /** When it starts or continues next. */
  readonly againAtMs?: number | undefined
  /** One sentence. */
  readonly problem?: string | undefined
  /** Some of the damaged versions that it found. */
  readonly examples?: readonly DamagedVersion[] | undefined
  readonly mayStartByHand: boolean
}

/** `asked`: started by hand, but not taken up by a process yet. `waiting`: it continues later. */
export type WorkState = 'idle' | 'running' | 'asked' | 'waiting' | 'failed' | 'on' | 'off'

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: 'count' | 'bytes'
  /** The words after the number. */
  readonly noun: readonly [one: string, many: string]
  /** Counting stopped at this value. */
  readonly isAtLeast?: boolean
}

export interface DamagedVersion {
  readonly bucket: string
  readonly key: string
  readonly versionId: string
  readonly what: string
}

/** The work of all processes that share a store. */
export interface BackgroundWork {
  list(): Promise<WorkStatus[]>
  /** Starts a job by hand. NoSuchKey if there is no such job, MethodNotAllowed if it starts only by itself. */
  start(name: string): Promise<void>
}
