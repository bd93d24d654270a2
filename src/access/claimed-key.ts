/** The access key that a request names, whether or not its signature holds; undefined if it names none that can be one. */
import type { ServedMessage } from '#model/served-request.ts'
import { parseCredentials } from '#signature/credentials.ts'

export function claimedAccessKey({ method = '', url = '/', headers, rawHeaders }: ServedMessage): string | undefined {
  try {
    const credentials = parseCredentials({ method, target: url, headers, rawHeaders })
    return credentials.kind === 'anonymous' ? undefined : credentials.accessKeyId
  } catch {
    return undefined
  }
}
