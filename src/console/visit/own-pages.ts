/** Whether a change was asked for by one of our own pages. The browser says so, or says from where it was asked. */
import type { IncomingMessage } from 'node:http'
import type { ClientAddress } from '#access/caller/client-address.ts'
import { ApiError } from '#model/errors.ts'

export interface OwnHosts {
  readonly clientAddress: ClientAddress
  readonly uiBaseUrl: string | undefined
}

/**
 * AccessDenied for what a page of another origin made the browser send. Tools send neither header, and need the token all the same.
 * Browsers send Sec-Fetch-Site to HTTPS and to this machine only, so that a proxy which changes Host has to be known for the rest.
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

/** Without the default port of the scheme, as `URL.host` has it. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '')

const explain = (origin: string, host = 'no host'): string =>
  `The form was sent from ${origin}, but the request arrived for ${host}. If a proxy is in between, ` +
  `set UI_BASE_URL to the address of the console in the browser, or let the proxy pass the Host header with its port.`
