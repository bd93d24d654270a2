/**
 * Whether a request is for a service with the JSON protocol, which shares the port with S3, at `/`. Called for every
 * request, so it must cost little.
 */
import type { IncomingMessage } from 'node:http'

/** By the header that names the operation, or by the scope of its signature. Neither has a meaning in S3. */
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
