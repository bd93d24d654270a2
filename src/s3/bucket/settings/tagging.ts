import { assertTaggedDirectly, type Bucket } from '#model/bucket/bucket.ts'
import { assertTags, type Tags, withTags } from '#model/tags.ts'
import { type BucketSetting, inBucket } from '#s3/bucket/setting.ts'
import { readTagging, taggingDocument } from '#s3/request/documents/tagging.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html An empty set of tags counts as none. */
export const tagging: BucketSetting<Tags> = {
  subresource: 'tagging',
  get: { name: 'GetBucketTagging', action: 's3:GetBucketTagging' },
  put: { name: 'PutBucketTagging', action: 's3:PutBucketTagging', status: 204 },
  delete: { name: 'DeleteBucketTagging', action: 's3:PutBucketTagging' },
  missing: 'NoSuchTagSet',
  document: {
    parse: (document) => assertTags(readTagging(document), 'bucket') ?? {},
    format: (tags) => ({ body: taggingDocument(tags) }),
  },
  kept: inBucket({
    find: (bucket) => bucket.tags,
    put: (bucket, tags) => retagged(bucket, Object.keys(tags).length === 0 ? undefined : tags),
    delete: (bucket) => retagged(bucket, undefined),
  }),
}

function retagged(bucket: Bucket, tags: Tags | undefined): Bucket {
  assertTaggedDirectly(bucket)
  return withTags(bucket, tags)
}
