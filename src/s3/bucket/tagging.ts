import { ApiError } from '#model/errors.ts'
import { assertTags, withTags } from '#model/tags.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readTagging, taggingDocument } from '#s3/request/tagging.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html */
export function getBucketTagging({ bucket }: S3Request): S3Response {
  const { name, tags } = bucket
  if (tags === undefined) throw new ApiError('NoSuchTagSet', { fields: { BucketName: name } })
  return { body: taggingDocument(tags) }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html */
export async function putBucketTagging(request: S3Request, { store }: Services): Promise<S3Response> {
  const tags = assertTags(readTagging(await request.body.document()), 'bucket')
  await store.updateBucket(request.bucketName, (bucket) => withTags(bucket, tags))
  return { status: 204 }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html */
export async function deleteBucketTagging(request: S3Request, { store }: Services): Promise<S3Response> {
  await store.updateBucket(request.bucketName, (bucket) => withTags(bucket, undefined))
  return { status: 204 }
}
