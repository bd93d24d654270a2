import { isPublicAcl } from '#model/acl.ts'
import { ApiError } from '#model/errors.ts'
import { hasAclsEnabled } from '#model/object-ownership.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html */
export function getBucketPolicy({ bucketName }: S3Request, { bucketPolicies }: Services): S3Response {
  const json = bucketPolicies.find(bucketName)
  if (json === undefined) throw noSuchPolicy(bucketName)
  return { headers: { 'content-type': 'application/json' }, body: json }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html */
export async function putBucketPolicy(request: S3Request, { bucketPolicies }: Services): Promise<S3Response> {
  const document = await request.body.document()
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  const blocksPublic = request.bucket.publicAccessBlock?.blockPublicPolicy === true
  await bucketPolicies.put(request.bucketName, document.toString(), { blocksPublic })
  return { status: 204 }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html */
export async function deleteBucketPolicy({ bucketName }: S3Request, { bucketPolicies }: Services): Promise<S3Response> {
  await bucketPolicies.remove(bucketName)
  return { status: 204 }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html; also of a bucket without a policy. */
export function getBucketPolicyStatus({ bucket }: S3Request, { bucketPolicies }: Services): S3Response {
  const { acl = [], publicAccessBlock } = bucket
  const countsAcl = hasAclsEnabled(bucket) && publicAccessBlock?.ignorePublicAcls !== true
  const isPublic = bucketPolicies.isPublic(bucket.name) || (countsAcl && isPublicAcl(acl))
  return { body: { root: 'PolicyStatus', content: { IsPublic: isPublic } } }
}

function noSuchPolicy(bucket: string): ApiError {
  return new ApiError('NoSuchBucketPolicy', { fields: { BucketName: bucket } })
}
