import type { Principal } from './account.ts'

/** The origin of a change: requester, address and request. It is recorded with the change. */
export interface Origin {
  readonly principal: Principal
  /** The client's address, behind trusted proxies. Undefined once the connection is closed. */
  readonly address: string | undefined
  readonly requestId: string
}
