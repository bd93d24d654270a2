/**
 * The access that ACLs allow. Like the Allow of a resource policy, an ACL only adds: a Deny elsewhere wins, and a
 * caller of another account also needs an Allow of its own policies. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
 */

import { type Acl, type Grant, isPublicGrant, type Permission } from '#model/access/acl.ts'
import { hasAclsEnabled } from '#model/access/object-ownership.ts'
import type { Principal } from '#model/account.ts'
import type { Bucket } from '#model/bucket/bucket.ts'

/** An object or bucket with an ACL. Without a list, only the owner has access. */
export interface Governed {
  readonly ownerId: string
  readonly acl?: Acl
}

export type GovernedBucket = Governed &
  Partial<Pick<Bucket, 'ownershipControls' | 'publicAccessBlock' | 'requesterPays' | 'hasAbac' | 'tags'>>

interface Rule {
  /** The ACL that applies, and the owner who decides. */
  readonly of: 'bucket' | 'object'
  /** If undefined, no ACL grants it; only the object's owner may allow it. */
  readonly permission: Permission | undefined
  /** Only for the caller's own objects, or uploads that the caller initiated. */
  readonly ownOnly?: true
}

const bucketRule = (permission: Permission): Rule => ({ of: 'bucket', permission })
const objectRule = (permission?: Permission): Rule => ({ of: 'object', permission })

const rules: ReadonlyMap<string, Rule> = new Map([
  ['s3:ListBucket', bucketRule('READ')],
  ['s3:ListBucketVersions', bucketRule('READ')],
  ['s3:ListBucketMultipartUploads', bucketRule('READ')],
  ['s3:PutObject', bucketRule('WRITE')],
  ['s3:DeleteObject', { ...bucketRule('WRITE'), ownOnly: true }],
  ['s3:AbortMultipartUpload', { ...bucketRule('WRITE'), ownOnly: true }],
  ['s3:ListMultipartUploadParts', { ...bucketRule('WRITE'), ownOnly: true }],
  ['s3:GetBucketAcl', bucketRule('READ_ACP')],
  ['s3:PutBucketAcl', bucketRule('WRITE_ACP')],
  ['s3:GetObject', objectRule('READ')],
  ['s3:GetObjectVersion', objectRule('READ')],
  ['s3:GetObjectTorrent', objectRule('READ')],
  ['s3:GetObjectAcl', objectRule('READ_ACP')],
  ['s3:GetObjectVersionAcl', objectRule('READ_ACP')],
  ['s3:PutObjectAcl', objectRule('WRITE_ACP')],
  ['s3:PutObjectVersionAcl', objectRule('WRITE_ACP')],
  ['s3:GetObjectAttributes', objectRule()],
  ['s3:GetObjectVersionAttributes', objectRule()],
  ...['Get', 'Put', 'Delete'].flatMap((verb) => [
    [`s3:${verb}ObjectTagging`, objectRule()] as const,
    [`s3:${verb}ObjectVersionTagging`, objectRule()] as const,
  ]),
])

/** Whether the object's owner decides about `action`, not the bucket's. */
export const isObjectOwnersSay = (action: string): boolean => rules.get(action)?.of === 'object'

/**
 * Whether the decision on `action` needs the object. Never while ACLs are disabled, so that a request to such a bucket
 * reads nothing before it is authorized.
 */
export function dependsOnObject(action: string, bucket: GovernedBucket, principal: Principal): boolean {
  if (!hasAclsEnabled(bucket)) return false
  const rule = rules.get(action)
  if (rule === undefined) return false
  return rule.of === 'object' || (rule.ownOnly === true && principal.canonicalId !== bucket.ownerId)
}

/**
 * Whether the ACL for `action`, the bucket's or the object's, grants it to the caller. Grants to the owner do not
 * count: policies of the owner's account decide about its users.
 */
export function aclAllows(
  principal: Principal,
  action: string,
  { bucket, object }: { readonly bucket: GovernedBucket; readonly object?: Governed | undefined },
): boolean {
  if (!hasAclsEnabled(bucket)) return false
  const rule = rules.get(action)
  if (rule?.permission === undefined) return false
  if (rule.ownOnly === true && object?.ownerId !== principal.canonicalId) return false
  const { permission } = rule
  const governed = rule.of === 'bucket' ? bucket : object
  if (governed?.acl === undefined) return false
  const ignoresPublic = bucket.publicAccessBlock?.ignorePublicAcls === true
  return governed.acl.some(
    (grant) =>
      (grant.permission === permission || grant.permission === 'FULL_CONTROL') &&
      !(ignoresPublic && isPublicGrant(grant)) &&
      reaches(grant, principal, governed.ownerId),
  )
}

function reaches({ grantee }: Grant, principal: Principal, ownerId: string): boolean {
  if ('id' in grantee) return grantee.id === principal.canonicalId && grantee.id !== ownerId
  if (grantee.group === 'AllUsers') return true
  return grantee.group === 'AuthenticatedUsers' && !principal.isAnonymous
}
