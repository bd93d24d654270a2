/** Checks that one of our own pages sent a change, by the headers of the browser. */
import type { IncomingMessage } from 'node:http'
import type { ClientAddress } from '#access/caller/client-address.ts'
import { ApiError } from '#model/errors.ts'

export interface OwnHosts {
  readonly clientAddress: ClientAddress
  readonly uiBaseUrl: string | undefined
}

/**
 * AccessDenied if a page of another origin made the browser send the request. Tools send neither header, but need the
 * token. Browsers send Sec-Fetch-Site only to HTTPS and loopback, so otherwise a proxy that changes Host must be
 * configured.
 */
export function assertOwnPage(request: IncomingMessage, { clientAddress, uiBaseUrl }: OwnHosts): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin') throw new ApiError('AccessDenied', { message: foreign })
  if (origin === undefined) return
  // The browser has compared the origins itself.
  if (site === 'same-origin' && origin !== 'null') return
  if (uiBaseUrl !== undefined && new URL(uiBaseUrl).origin === origin) return
  const { headers, socket } = request
  const host = clientAddress.host({ headers, socket })
  const sent = URL.canParse(origin) ? new URL(origin) : undefined
  if (sent !== undefined && host !== undefined && sent.host === hostOf(`${sent.protocol}//${host}`)) return
  throw new ApiError('AccessDenied', { message: explain(sent?.origin ?? origin, host) })
}

const foreign = 'The request comes from a page of another site.'

/** Without the default port of the scheme, like `URL.host`. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '')

const explain = (origin: string, host = 'no host'): string =>
  `The form was sent from ${origin}, but the request arrived for ${host}. If a proxy is in between, ` +
  `set UI_BASE_URL to the address of the console in the browser, or let the proxy pass the Host header with its port.`
