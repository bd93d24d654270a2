/** Metadata in headers that came more than once. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** The headers, with such metadata joined by a comma alone, as S3 does; node:http puts a blank after it. */
export function withJoinedMetadata({ headers, rawHeaders }: IncomingMessage): IncomingHttpHeaders {
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
