/** The nodes of a store, as the console and `/_/nodes` show them. */
export interface NodeStatus {
  readonly id: string
  /** The name of its machine. */
  readonly host: string
  /** Where it serves, such as `API 10.0.0.5:5000`; one for each kind of server. */
  readonly addresses: readonly string[]
  readonly version: string
  readonly startedAtMs: number
  /** Since its last heartbeat; undefined where there is one node only, which needs none. */
  readonly silentMs: number | undefined
  readonly state: 'running' | 'gone'
  readonly processes: readonly string[]
  /** Titles of the jobs that it runs at the moment. */
  readonly jobs: readonly string[]
  /** The node that answers. */
  readonly isThis: boolean
  /** A sentence. */
  readonly problem?: string | undefined
}

export interface NodeList {
  list(): Promise<NodeStatus[]>
}
