/**
 * The access key that a request names, whether its signature is valid or not. Undefined if the request names no key, or
 * a malformed one.
 */
import type { ServedMessage } from '#model/served-request.ts'
import { parseCredentials } from '#signature/credentials.ts'
import type { SignableRequest } from '#signature/request.ts'

export interface ClaimedKey {
  readonly accessKeyId: string
  readonly sessionToken?: string | undefined
}

type Naming = Pick<SignableRequest, 'method' | 'target' | 'headers' | 'rawHeaders'>

export function claimedKey(request: Naming): ClaimedKey | undefined {
  try {
    const credentials = parseCredentials(request)
    return credentials.kind === 'anonymous' ? undefined : credentials
  } catch {
    return keyOfScope(request)
  }
}

export function claimedAccessKey({ method = '', url = '/', headers, rawHeaders }: ServedMessage): string | undefined {
  return claimedKey({ method, target: url, headers, rawHeaders })?.accessKeyId
}

/** The access key of credentials in which another part is malformed. */
function keyOfScope({ headers, target }: Naming): ClaimedKey | undefined {
  const inHeader = /Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1]
  const credential = inHeader ?? queryOf(target).get('X-Amz-Credential')
  const accessKeyId = /^(.+?)\/\d{8}\//.exec(credential ?? '')?.[1]
  return accessKeyId === undefined ? undefined : { accessKeyId }
}

function queryOf(target: string): URLSearchParams {
  const mark = target.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1))
}
