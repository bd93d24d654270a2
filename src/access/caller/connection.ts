export interface Connection {
  readonly remoteAddress?: string | undefined
  readonly encrypted?: boolean
  getProtocol?(): string | null
}

/** What is known of a connection, to be asked when it may be gone. */
export function keptConnection({ remoteAddress, encrypted }: Connection): Connection {
  return { remoteAddress, ...(encrypted === undefined ? {} : { encrypted }) }
}
