/** Where a request comes from. What proxies say of it counts only if they are on the configured list. */
import { isIP } from 'node:net'
import { parseIpRange } from '#policy/ip-range.ts'
import type { Connection, RequestFacts } from './caller.ts'

export interface ClientAddress {
  address(facts: Pick<RequestFacts, 'socket' | 'headers'>): string | undefined
  isSecure(facts: Pick<RequestFacts, 'socket' | 'headers'>): boolean
}

/** `trustedProxies`: addresses and CIDR ranges. */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const ranges = trustedProxies.map(parseIpRange).filter((range) => range !== undefined)
  const isTrusted = (address: string) => ranges.some((range) => range(address))
  return {
    address({ socket, headers }) {
      // IPv4 clients of a socket for both versions.
      const remoteAddress = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
      if (remoteAddress === undefined || !isTrusted(remoteAddress)) return remoteAddress
      // Each proxy adds its client at the end: the last that is no proxy of ours is who asked.
      const hops = listOf(headers['x-forwarded-for']).filter((hop) => isIP(hop) !== 0)
      return hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? remoteAddress
    },
    isSecure({ socket, headers }) {
      const { remoteAddress, encrypted } = socket
      const isProxied = remoteAddress !== undefined && isTrusted(remoteAddress)
      const scheme = isProxied ? listOf(headers['x-forwarded-proto']).at(-1) : undefined
      return scheme === undefined ? encrypted === true : scheme.toLowerCase() === 'https'
    },
  }
}

const listOf = (header: string | string[] | undefined): string[] =>
  header === undefined
    ? []
    : String(header)
        .split(',')
        .map((part) => part.trim())

/** What is known of a connection, to be asked when it may be gone. */
export function keptConnection({ remoteAddress, encrypted }: Connection): Connection {
  return { remoteAddress, ...(encrypted === undefined ? {} : { encrypted }) }
}
