/** The address of a client. Headers of proxies count only if the proxies are configured. */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { parseIpRange } from '#lib/net/ip-range.ts'
import type { RequestFacts } from './request-facts.ts'

export interface ClientAddress {
  address(facts: Pick<RequestFacts, 'socket' | 'headers'>): string | undefined
  isSecure(facts: Pick<RequestFacts, 'socket' | 'headers'>): boolean
  /** Whether the connection is protected: the request came over TLS, or from this machine. */
  isPrivate(facts: Pick<RequestFacts, 'socket' | 'headers'>): boolean
  /** Host as the client asked for it, with its port where one is given. */
  host(facts: Pick<RequestFacts, 'socket' | 'headers'>): string | undefined
}

/** `trustedProxies`: addresses and CIDR ranges. */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const ranges = trustedProxies.map(parseIpRange).filter((range) => range !== undefined)
  const isTrusted = (address: string) => ranges.some((range) => range(address))
  const address: ClientAddress['address'] = ({ socket, headers }) => {
    // A dual-stack socket reports IPv4 clients as `::ffff:1.2.3.4`.
    const remoteAddress = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
    if (remoteAddress === undefined || !isTrusted(remoteAddress)) return remoteAddress
    // Each proxy appends its client: the last address that is not one of our proxies is the client.
    const hops = hopsIn(headers)
    return hops.findLast((hop) => !isTrusted(hop)) ?? hops[0] ?? remoteAddress
  }
  const isSecure: ClientAddress['isSecure'] = ({ socket, headers }) => {
    const { remoteAddress, encrypted } = socket
    const isProxied = remoteAddress !== undefined && isTrusted(remoteAddress)
    const scheme = isProxied ? listOf(headers['x-forwarded-proto']).at(-1) : undefined
    return scheme === undefined ? encrypted === true : scheme.toLowerCase() === 'https'
  }
  return {
    address,
    isSecure,
    isPrivate(facts) {
      if (isSecure(facts)) return true
      const { socket, headers } = facts
      // A proxy on this machine may have clients on other machines. Only a trusted proxy shows where they are.
      const isTold = isTrusted(socket.remoteAddress ?? '') && hopsIn(headers).length > 0
      const isForwarded = proxyHeaders.some((name) => headers[name] !== undefined)
      return (isTold || !isForwarded) && isLoopback(address(facts) ?? '')
    },
    host({ socket, headers }) {
      const { remoteAddress = '' } = socket
      const isProxied = isTrusted(remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''))
      const forwarded = isProxied ? listOf(headers['x-forwarded-host']).at(-1) : undefined
      const host = forwarded ?? headers.host
      const port = isProxied ? listOf(headers['x-forwarded-port']).at(-1) : undefined
      const isWhole = host === undefined || /:\d+$/.test(host) || !/^\d{1,5}$/.test(port ?? '')
      return isWhole ? host : `${host}:${port}`
    },
  }
}

/** Headers that show that a request has passed a proxy. */
const proxyHeaders = [
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-server'],
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip'],
]

/** Addresses only: some proxies add the port of their client. */
const hopsIn = (headers: IncomingHttpHeaders): string[] =>
  listOf(headers['x-forwarded-for'])
    .map((hop) => /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? hop)
    .filter((hop) => isIP(hop) !== 0)

const isLoopback = (address: string): boolean => /^(127\.\d+\.\d+\.\d+|::1)$/.test(address)

const listOf = (header: string | string[] | undefined): string[] =>
  header === undefined
    ? []
    : String(header)
        .split(',')
        .map((part) => part.trim())
