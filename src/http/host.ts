/** RFC 9112 §3.2: a request with more than one Host, or with an invalid one, is refused before anything reads it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ApiError } from '#model/errors.ts'

/** uri-host [ ":" port ], which may be empty. */
const hostValue = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i

/** Most requests have the same Host as the one before. */
let lastLegal = ''

export function hasLegalHost({ headers, rawHeaders }: IncomingMessage): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') count++
  }
  if (count > 1) return false
  const { host = '' } = headers
  if (host === lastLegal) return true
  if (!hostValue.test(host)) return false
  lastLegal = host
  return true
}

export function refuseHost(response: ServerResponse): void {
  const { code, status, message } = new ApiError('BadRequest')
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  const headers = { server: 'MyFSIO', 'content-type': 'application/xml', connection: 'close' }
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}
