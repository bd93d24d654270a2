import { isDeepStrictEqual } from 'node:util'
import { aclToKeep, privateAcl } from '#model/acl.ts'
import type { ObjectVersion } from '#model/object.ts'
import { hasAclsEnabled, ownerOfObject } from '#model/object-ownership.ts'
import { refuseBlockedAcl } from '#model/public-access-block.ts'
import { assertWithoutEffect } from '#model/requested-acl.ts'
import { readAcl } from '#s3/acl/acl-request.ts'
import { aclDocument } from '#s3/acl/grantees.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { changeAddressed } from './change-addressed.ts'
import { versionHeader } from './put-object.ts'
import { requestedVersion } from './requested-version.ts'

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
export async function putObjectAcl(request: S3Request, services: Services): Promise<S3Response> {
  const { bucket, facts } = request
  const judged = await request.version()
  const requested = await readAcl(request, 'object', services.accounts)
  if (!hasAclsEnabled(bucket)) {
    assertWithoutEffect(requested, bucket.ownerId, ['bucket-owner-full-control'])
    return { headers: versionHeader(bucket.versioning, judged) }
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
  const action = requestedVersion(request) === undefined ? 's3:PutObjectAcl' : 's3:PutObjectVersionAcl'
  const version = await changeAddressed(request, services, { action, facts, judged, change })
  return { headers: versionHeader(bucket.versioning, version) }
}
