export interface Connection {
  readonly remoteAddress?: string | undefined
  readonly encrypted?: boolean
  getProtocol?(): string | null
}

/** A copy that stays valid after the connection is closed. */
export function keptConnection({ remoteAddress, encrypted }: Connection): Connection {
  return { remoteAddress, ...(encrypted === undefined ? {} : { encrypted }) }
}
