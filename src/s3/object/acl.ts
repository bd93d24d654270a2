import { aclToKeep, privateAcl } from '#model/acl.ts'
import { ApiError } from '#model/errors.ts'
import { hasAclsEnabled, ownerOfObject, refuseBlockedAcl } from '#model/object-ownership.ts'
import { aclDocument } from '#s3/acl-grantees.ts'
import { readAcl } from '#s3/acl-request.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { versionHeader } from './put-object.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html */
export async function getObjectAcl(request: S3Request, { accounts }: Services): Promise<S3Response> {
  const { bucket } = request
  const version = await request.version()
  const ownerId = ownerOfObject(bucket, version)
  const acl = hasAclsEnabled(bucket) ? version.acl : undefined
  return {
    headers: versionHeader(bucket.versioning, version),
    body: aclDocument(ownerId, acl ?? privateAcl(ownerId), accounts),
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html */
export async function putObjectAcl(request: S3Request, { store, accounts }: Services): Promise<S3Response> {
  const { bucket } = request
  if (!hasAclsEnabled(bucket)) throw new ApiError('AccessControlListNotSupported')
  const version = await request.version()
  const { ownerId } = version
  const acl = await readAcl(request, 'object', { ownerId, bucketOwnerId: bucket.ownerId }, accounts)
  refuseBlockedAcl(bucket, acl)
  const kept = aclToKeep(acl, ownerId)
  const changed = await store.changeVersion(bucket.name, version, ({ acl: _, ...rest }) =>
    kept === undefined ? rest : { ...rest, acl: kept },
  )
  if (changed === undefined) throw new ApiError('NoSuchKey', { fields: { Key: request.key } })
  return { headers: versionHeader(bucket.versioning, version) }
}
