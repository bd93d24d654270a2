/**
 * The headers that tell of the caller and the way they came. Conditions on anything else in a request are for operations that act on it:
 * where one does not, an `x-amz-tagging` sent along must not satisfy a condition.
 */
import type { IncomingHttpHeaders } from 'node:http'

const names = ['user-agent', 'referer', 'x-forwarded-for', 'x-forwarded-proto'] as const

export function callerHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))
}
