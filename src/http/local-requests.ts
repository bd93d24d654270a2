/**
 * While the well-known default secret is in force, only requests from this machine are served. A web page of another
 * origin could sign requests with that secret, and with DNS rebinding it would even have our own origin. Browsers send
 * the origin of a request; a request without it is not from a browser.
 * https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { ApiError } from '#model/errors.ts'
import { isLocalName } from './local-names.ts'

export interface LocalRequestsOptions {
  /** The access key that still has the well-known secret; undefined if none has. */
  readonly findOpenKey: () => string | undefined
  /**
   * Whether this server listens on loopback addresses only. Otherwise no request is served, since remote clients can
   * send any Host.
   */
  readonly isLoopback: boolean
  /** Hosts that the settings name, with or without a port. */
  readonly hosts: readonly string[]
  /** Domains whose subdomains count as hosts too. */
  readonly domains: readonly string[]
  /** Origins that the settings name. */
  readonly origins: readonly string[]
}

/** Returns AccessDenied for a request that is not served. */
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
  // Most requests name the same host as the one before.
  let lastLocalHost = ''

  /** Undefined if the request may be served. */
  function findForeign({ host, origin, referer, 'sec-fetch-site': site }: IncomingHttpHeaders): string | undefined {
    if (host !== undefined && host !== lastLocalHost) {
      if (!isLocal(host)) return `the host ${shown(host)}`
      lastLocalHost = host
    }
    if (origin !== undefined) return isOwnOrigin(origin) ? undefined : `a page of ${shown(origin)}`
    // localhost and 127.0.0.1 are different sites. Requests for images and links have no Origin, but a Referer.
    const isForeign = site === 'cross-site' && !(referer !== undefined && isOwnOrigin(originOf(referer)))
    return isForeign ? 'a page of another site' : undefined
  }

  return ({ headers }) => {
    const key = findOpenKey()
    if (key === undefined) return undefined
    const foreign = isLoopback ? findForeign(headers) : 'on an address that other machines can reach'
    return foreign === undefined ? undefined : refusal(foreign, key)
  }
}

function refusal(foreign: string, key: string): ApiError {
  return new ApiError('AccessDenied', {
    message:
      `The access key ${key} still has the well-known default secret. Until it is changed, this server answers only ` +
      `requests for localhost that come from this machine's own pages and tools, and not ${foreign}. To change it, start the server with ` +
      `ADMIN_ACCESS_KEY=${key} and a secret of your own in ADMIN_SECRET_KEY, or run it once with --reset-cred.`,
  })
}

/** Without port and root dot, in lower case. */
function nameIn(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : '')

/** Safe to show in an answer. */
const shown = (text: string): string => text.replace(/[^\w.:/[\]-]/g, '?').slice(0, 100)
