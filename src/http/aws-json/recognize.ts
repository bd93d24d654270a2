/**
 * Whether a request is for a service with the JSON protocol, which shares the port and the path `/` with S3. Called for
 * every request, so it must be fast.
 */
import type { IncomingMessage } from 'node:http'

/** Decides by the header that names the operation, or by the scope of the signature. Neither has a meaning in S3. */
export function isJsonRequest(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  { name, target }: { readonly name: string; readonly target: string },
): boolean {
  if (method !== 'POST') return false
  const { authorization, 'x-amz-target': asked } = headers
  return (
    (typeof asked === 'string' && asked.startsWith(`${target}.`)) ||
    authorization?.includes(`/${name}/aws4_request`) === true
  )
}
