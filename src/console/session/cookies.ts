/**
 * The console's cookies. Cookies ignore ports: a page that an object on the S3 port shows may set one for the console.
 * Over TLS, the prefix `__Host-` prevents another path or host from setting a second cookie of the same name.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-cookie-name-prefixes
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ApiError } from '#model/errors.ts'

export function cookieOf(what: 'session' | 'visitor', isSecure: boolean): { name: string; path: string } {
  // The prefix requires this path.
  return isSecure ? { name: `__Host-myfsio.${what}`, path: '/' } : { name: `myfsio.${what}`, path: '/ui' }
}

/** Values of one of our cookies, which need no decoding, in the order received. */
export function readCookies(request: IncomingMessage, name: string): string[] {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.split('=', 2))
  return pairs.filter(([found = '']) => found.trim() === name).map(([, value = '']) => value.trim())
}

/**
 * InvalidRequest if the cookie is there twice: a stranger has set one of the two, and it is unknown which. The answer
 * removes both, at every path from which the browser would send them.
 */
export function refuseSeveral(
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  name: string,
): void {
  if (readCookies(request, name).length < 2) return
  const [path = ''] = (request.originalUrl ?? request.url ?? '').split('?', 1)
  const parts = path.split('/').slice(1, pathPartsMax)
  const paths = new Set(['/'])
  for (let length = 1; length <= parts.length; length++) {
    const folder = `/${parts.slice(0, length).join('/')}`
    paths.add(folder).add(`${folder}/`)
  }
  const attributes = `Max-Age=0; HttpOnly${name.startsWith('__') ? '; Secure' : ''}`
  for (const one of paths) {
    if (/^[\w/.%~-]*$/.test(one)) response.appendHeader('set-cookie', `${name}=; Path=${one}; ${attributes}`)
  }
  throw new ApiError('InvalidRequest', {
    message:
      'This request came with two session cookies: a page of another server on this host may have set one. Both are removed now: ' +
      'sign in again. If this page comes back, remove the cookies of this host in your browser.',
  })
}

const pathPartsMax = 12
