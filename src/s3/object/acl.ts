import { privateAcl } from '#model/access/acl.ts'
import { hasAclsEnabled, ownerOfObject } from '#model/access/object-ownership.ts'
import { putAcl } from '#objects/versions/put-acl.ts'
import { readAcl } from '#s3/acl/acl-request.ts'
import { aclDocument } from '#s3/acl/grantees.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { requestedVersion } from '#s3/request/requested-version.ts'
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
  const { bucket, key, actor } = request
  const judged = await request.version()
  const requested = await readAcl(request, 'object', accounts)
  const version = await putAcl(store, actor, { bucket, key, versionId: requestedVersion(request), requested, judged })
  return { headers: versionHeader(bucket.versioning, version) }
}
