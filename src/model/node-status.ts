/** The nodes of a store, as the console and `/_/nodes` show them. */
export interface NodeStatus {
  readonly id: string
  /** The name of its machine. */
  readonly host: string
  /** The addresses that it serves, such as `API 10.0.0.5:5000`; one for each kind of server. */
  readonly addresses: readonly string[]
  readonly version: string
  readonly startedAtMs: number
  /** The time since its last heartbeat; undefined if there is only one node, which needs none. */
  readonly silentMs: number | undefined
  readonly state: 'running' | 'gone'
  readonly processes: readonly string[]
  /** Titles of the jobs that it is running. */
  readonly jobs: readonly string[]
  /** Whether it is the node that answers. */
  readonly isThis: boolean
  /** One sentence. */
  readonly problem?: string | undefined
}

export interface NodeList {
  list(): Promise<NodeStatus[]>
}
