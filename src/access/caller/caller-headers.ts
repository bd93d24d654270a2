/**
 * The headers that describe the caller and the way to the server. All other headers count in conditions only for
 * operations that act on them: otherwise an `x-amz-tagging` sent along could satisfy a condition.
 */
import type { IncomingHttpHeaders } from 'node:http'

const names = ['user-agent', 'referer', 'x-forwarded-for', 'x-forwarded-proto'] as const

export function callerHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))
}
