import { isPublicAcl } from '#model/access/acl.ts'
import { hasAclsEnabled } from '#model/access/object-ownership.ts'
import type { BucketSetting } from '#s3/bucket/setting.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html Policies are kept in bucket_policies.json,
 * as JSON.
 */
export const policy: BucketSetting<string> = {
  subresource: 'policy',
  get: { name: 'GetBucketPolicy', action: 's3:GetBucketPolicy' },
  put: { name: 'PutBucketPolicy', action: 's3:PutBucketPolicy', status: 204 },
  delete: { name: 'DeleteBucketPolicy', action: 's3:DeleteBucketPolicy' },
  missing: 'NoSuchBucketPolicy',
  document: {
    parse: (document) => document.toString(),
    format: (json) => ({ headers: { 'content-type': 'application/json' }, body: json }),
  },
  kept: {
    find: ({ name }, { bucketPolicies }) => bucketPolicies.find(name),
    put(json, { bucket }, { bucketPolicies }) {
      const blocksPublic = bucket.publicAccessBlock?.blockPublicPolicy === true
      return bucketPolicies.put(bucket.name, json, { blocksPublic })
    },
    delete: ({ bucketName }, { bucketPolicies }) => bucketPolicies.remove(bucketName),
  },
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html A bucket without a policy has a status
 * too.
 */
export function getBucketPolicyStatus({ bucket }: S3Request, { bucketPolicies }: Services): S3Response {
  const { acl = [], publicAccessBlock } = bucket
  const countsAcl = hasAclsEnabled(bucket) && publicAccessBlock?.ignorePublicAcls !== true
  const isPublic = bucketPolicies.isPublic(bucket.name) || (countsAcl && isPublicAcl(acl))
  return { body: { root: 'PolicyStatus', content: { IsPublic: isPublic } } }
}
