import { isDeepStrictEqual } from 'node:util'
import { aclToKeep } from '#model/access/acl.ts'
import { hasAclsEnabled } from '#model/access/object-ownership.ts'
import { refuseBlockedAcl } from '#model/access/public-access-block.ts'
import { type AclChange, assertWithoutEffect } from '#model/access/requested-acl.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import type { Store } from '#store/contract.ts'
import { changeVersion, type ObjectAddress } from './change-version.ts'

export interface NewAcl extends ObjectAddress {
  readonly requested: AclChange
  /** The version of the request. The edge has authorized changing its ACL. */
  readonly judged: ObjectVersion
}

/** AccessControlListNotSupported while ACLs are disabled; AccessDenied for a public ACL if these are blocked. */
export async function putAcl(
  store: Store,
  actor: Actor,
  { requested, judged, ...address }: NewAcl,
): Promise<ObjectVersion> {
  const { bucket, versionId } = address
  if (!hasAclsEnabled(bucket)) {
    assertWithoutEffect(requested, bucket.ownerId, ['bucket-owner-full-control'])
    return judged
  }
  const change = ({ ownerId, acl: before }: ObjectVersion) => {
    const acl = requested.aclFor({ ownerId, bucketOwnerId: bucket.ownerId })
    refuseBlockedAcl(bucket, acl)
    const kept = aclToKeep(acl, ownerId)
    return ({ acl: now, ...rest }: ObjectVersion) => {
      if (!isDeepStrictEqual(now, before)) return undefined
      return kept === undefined ? rest : { ...rest, acl: kept }
    }
  }
  const action = versionId === undefined ? 's3:PutObjectAcl' : 's3:PutObjectVersionAcl'
  return changeVersion(store, actor, { ...address, action, judged, change })
}
