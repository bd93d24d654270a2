import type { Principal } from './account.ts'

/** Who asked for a change, from where, and in which request: what is recorded with it. */
export interface Origin {
  readonly principal: Principal
  /** The client's, where trusted proxies are in between. Undefined once the connection is gone. */
  readonly address: string | undefined
  readonly requestId: string
}
