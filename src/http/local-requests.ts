/**
 * While a secret that everybody knows is in force, only requests of this machine are served: a web page of another origin could sign
 * them as well, and one whose name was made to lead here (DNS rebinding) would even pass for our own. Browsers say where a request
 * comes from; what says nothing is no browser. https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { ApiError } from '#model/errors.ts'

export interface LocalRequestsOptions {
  /** The access key whose secret everybody knows; undefined if there is none. */
  readonly findOpenKey: () => string | undefined
  /** Whether this server listens on this machine's own addresses only. Else nothing is served: anyone may send the Host they like. */
  readonly isLoopback: boolean
  /** Hosts that the settings name, with or without a port. */
  readonly hosts: readonly string[]
  /** Domains whose subdomains are hosts as well. */
  readonly domains: readonly string[]
  /** Origins that the settings name. */
  readonly origins: readonly string[]
}

/** Gives AccessDenied for what is not served. */
export type LocalRequests = (request: IncomingMessage) => ApiError | undefined

export function createLocalRequests({
  findOpenKey,
  isLoopback,
  hosts,
  domains,
  origins,
}: LocalRequestsOptions): LocalRequests {
  const names = new Set([...hosts, ...domains].map(nameIn))
  const suffixes = domains.map((domain) => `.${nameIn(domain)}`)
  const isLocal = (host: string) => {
    const name = nameIn(host)
    return isLocalName(name) || names.has(name) || suffixes.some((suffix) => name.endsWith(suffix))
  }
  const isLocalUrl = (url: string) => URL.canParse(url) && /^https?:/i.test(url) && isLocal(new URL(url).host)
  const isOwnOrigin = (origin: string) => origins.includes(origin) || isLocalUrl(origin)
  // Most requests name the host that the last one named.
  let lastLocalHost = ''

  /** Undefined: nothing speaks against it. */
  function findForeign({ host, origin, referer, 'sec-fetch-site': site }: IncomingHttpHeaders): string | undefined {
    if (host !== undefined && host !== lastLocalHost) {
      if (!isLocal(host)) return `the host ${shown(host)}`
      lastLocalHost = host
    }
    if (origin !== undefined) return isOwnOrigin(origin) ? undefined : `a page of ${shown(origin)}`
    // Pages of localhost and of 127.0.0.1 are of different sites. Images and links have no Origin, but say where they were.
    const isForeign = site === 'cross-site' && !(referer !== undefined && isOwnOrigin(originOf(referer)))
    return isForeign ? 'a page of another site' : undefined
  }

  return ({ headers }) => {
    const key = findOpenKey()
    if (key === undefined) return undefined
    const foreign = isLoopback ? findForeign(headers) : 'on an address that others reach'
    return foreign === undefined ? undefined : refusal(foreign, key)
  }
}

function refusal(foreign: string, key: string): ApiError {
  return new ApiError('AccessDenied', {
    message:
      `The access key ${key} still has its first secret, which everybody knows: until it has another, this server answers only ` +
      `requests for localhost that come from this machine's own pages and tools, and not ${foreign}. To mend this, start it with ` +
      `ADMIN_ACCESS_KEY=${key} and a secret of yours in ADMIN_SECRET_KEY, or run it once with --reset-cred.`,
  })
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || /^(127\.\d+\.\d+\.\d+|\[::1\])$/.test(name)
}

/** Without port and root dot, in lower case. */
function nameIn(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : '')

/** As it may stand in an answer. */
const shown = (text: string): string => text.replace(/[^\w.:/[\]-]/g, '?').slice(0, 100)
