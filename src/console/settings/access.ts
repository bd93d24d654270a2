/** The access of a bucket in one word, and the policies for these words. */
import type { BucketPolicies } from '#console/page.ts'
import type { Bucket } from '#model/bucket/bucket.ts'

export type BucketAccess = 'private' | 'public-read' | 'custom' | 'custom-public' | 'public-blocked'

/** Everyone may list the bucket and read its objects. */
export function publicReadPolicy(bucket: string): string {
  const everyone = { Effect: 'Allow', Principal: '*' }
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'AllowList', ...everyone, Action: ['s3:ListBucket'], Resource: [`arn:aws:s3:::${bucket}`] },
        { Sid: 'AllowRead', ...everyone, Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}/*`] },
      ],
    },
    null,
    2,
  )
}

/**
 * Block Public Access may override a public policy:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export function accessOf(policies: BucketPolicies, { name: bucket, publicAccessBlock }: Bucket): BucketAccess {
  const json = policies.find(bucket)
  if (json === undefined) return 'private'
  const isPublic = policies.isPublic(bucket)
  if (isPublic && publicAccessBlock?.restrictPublicBuckets === true) return 'public-blocked'
  if (isSameJson(json, publicReadPolicy(bucket))) return 'public-read'
  return isPublic ? 'custom-public' : 'custom'
}

const isSameJson = (one: string, other: string) => JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other))
