/** Metadata headers that were sent more than once. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** Joins repeated metadata by a comma without a space, as S3 does; node:http adds a space. */
export function withJoinedMetadata({ method, headers, rawHeaders }: IncomingMessage): IncomingHttpHeaders {
  // Reads store no metadata.
  if (method === 'GET' || method === 'HEAD') return headers
  let joined: IncomingHttpHeaders | undefined
  for (const name in headers) {
    if (!name.startsWith('x-amz-meta-') || !String(headers[name]).includes(', ')) continue
    joined ??= { ...headers }
    joined[name] = valuesOf(rawHeaders, name).join(',')
  }
  return joined ?? headers
}

/** `rawHeaders`: name, value, name, value... */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '')
  }
  return values
}
