/**
 * What ACLs allow. An ACL only ever allows, as a resource policy's Allow does: a Deny elsewhere wins, and a caller of another account
 * still needs grants of its own. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
 */
import type { Principal } from '#model/account.ts'
import { type Acl, type Grant, isPublicGrant, type Permission } from '#model/acl.ts'
import type { Bucket } from '#model/bucket.ts'
import { hasAclsEnabled } from '#model/object-ownership.ts'

/** What an ACL is about. Without one, only the owner has access. */
export interface Governed {
  readonly ownerId: string
  readonly acl?: Acl
}

export type GovernedBucket = Governed & Partial<Pick<Bucket, 'ownershipControls' | 'publicAccessBlock'>>

interface Rule {
  /** Whose ACL decides, and whose owner has the say. */
  readonly of: 'bucket' | 'object'
  /** Undefined: no ACL gives it, but only the object's owner may allow it. */
  readonly permission: Permission | undefined
  /** Only for objects of the caller's own, or uploads that the caller initiated. */
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

/** Whether it is the object's owner, not the bucket's, who has the say over `action`. */
export const isObjectOwnersSay = (action: string): boolean => rules.get(action)?.of === 'object'

/**
 * Whether to decide on `action` the object itself must be looked at. Never while ACLs are disabled: so a request to such a bucket
 * reads nothing before it is authorized.
 */
export function dependsOnObject(action: string, bucket: GovernedBucket, principal: Principal): boolean {
  if (!hasAclsEnabled(bucket)) return false
  const rule = rules.get(action)
  if (rule === undefined) return false
  return rule.of === 'object' || (rule.ownOnly === true && principal.canonicalId !== bucket.ownerId)
}

/**
 * Whether the ACL that governs `action`, the bucket's or the object's, grants it to the caller. What it grants to the owner does not
 * count: what users of the owner's account may do, their own policies say.
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
