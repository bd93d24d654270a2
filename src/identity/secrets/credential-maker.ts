/** The key or session that makes credentials. These may not do more or last longer than it. */

import type { Directory } from '#identity/directory.ts'
import type { KeyMaker } from '#identity/entities/access-key.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import type { Identity } from '#identity/identity.ts'
import { ApiError } from '#model/errors.ts'

/** AccessDenied if there would be two limits, since a key can have only one. */
export function makerOf(identity: Identity, directory: Directory): KeyMaker {
  const source = directory.findKey(identity.session?.sourceKeyId ?? identity.accessKeyId)?.key
  const expiresAt = source?.expiresAt
  const ofSession = identity.session?.roleId === undefined ? [] : (identity.policies.session ?? [])
  if (ofSession.length === 0) return { expiresAt, policies: source?.policies }
  if (source?.policies !== undefined) throw limited(identity, 'CreateAccessKey')
  return { expiresAt, policies: ofSession.map(({ policy }) => JSON.parse(policy.document.source ?? '') as PolicyText) }
}

/** AccessDenied for a key with policies or an expiry: a password has neither, so such a key cannot set one. */
export function refuseLimitedMaker(identity: Identity, directory: Directory, action: string): void {
  const source = directory.findKey(identity.session?.sourceKeyId ?? identity.accessKeyId)?.key
  const isLimited = (identity.policies.session ?? []).length > 0 || source?.policies !== undefined
  if (isLimited || source?.expiresAt !== undefined) throw limited(identity, action)
}

const limited = ({ arn }: Identity, action: string): ApiError =>
  new ApiError('AccessDenied', {
    message: `User: ${arn} is not authorized to perform: iam:${action} because no session policy allows the iam:${action} action`,
    cause: new Error('Credentials made by a limited key or session may not do more than it, or last longer.'),
  })
