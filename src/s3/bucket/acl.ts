import { aclToKeep, privateAcl } from '#model/access/acl.ts'
import { hasAclsEnabled } from '#model/access/object-ownership.ts'
import { refuseBlockedAcl } from '#model/access/public-access-block.ts'
import { assertWithoutEffect } from '#model/access/requested-acl.ts'
import { readAcl } from '#s3/acl/acl-request.ts'
import { aclDocument } from '#s3/acl/grantees.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html */
export function getBucketAcl({ bucket }: S3Request, { accounts }: Services): S3Response {
  const acl = hasAclsEnabled(bucket) ? bucket.acl : undefined
  return { body: aclDocument(bucket.ownerId, acl ?? privateAcl(bucket.ownerId), accounts) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html */
export async function putBucketAcl(request: S3Request, { store, accounts }: Services): Promise<S3Response> {
  const { ownerId } = request.bucket
  const requested = await readAcl(request, 'bucket', accounts)
  const acl = requested.aclFor({ ownerId, bucketOwnerId: ownerId })
  // `private`, sent by the owner, is full control of the bucket's owner.
  const isOwner = request.caller.principal.canonicalId === ownerId
  const withoutEffect = [...(isOwner ? (['private'] as const) : []), 'bucket-owner-full-control' as const]
  await store.updateBucket(request.bucketName, (bucket) => {
    // The present bucket: the setting may have changed since the request was received.
    if (!hasAclsEnabled(bucket)) {
      assertWithoutEffect(requested, ownerId, withoutEffect)
      return bucket
    }
    refuseBlockedAcl(bucket, acl)
    const { acl: _, ...rest } = bucket
    const kept = aclToKeep(acl, ownerId)
    return kept === undefined ? rest : { ...rest, acl: kept }
  })
  return {}
}
