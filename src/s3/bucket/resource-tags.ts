/**
 * Tags of a bucket in the API of S3 Control, which Terraform uses. If tags decide about access, only this API can
 * change them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_TagResource.html
 */
import { tagKeys } from '#access/caller/query-facts.ts'
import { elementAt, formatXml } from '#lib/text/xml.ts'
import { type Bucket, isBucketName } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertTags, type NamedTags, withTags } from '#model/tags.ts'
import type { Operation, S3Request, Services } from '#s3/operation.ts'
import { assertOnly, readXml } from '#s3/request/documents/read-xml.ts'
import { readTags, tagElements } from '#s3/request/documents/tagging.ts'

const namespace = 'http://awss3control.amazonaws.com/doc/2018-08-20/'

export const listTagsForResource: Operation = async (request, services) => {
  const bucket = await taggedBucket(request, services)
  request.authorize('s3:ListTagsForResource', { bucket })
  const content = { Tags: { Tag: tagElements(bucket.tags ?? {}) } }
  return {
    headers: { 'content-type': 'application/xml' },
    body: formatXml({ root: 'ListTagsForResourceResult', content }, { namespace }),
  }
}

/** Adds tags, and replaces those of the same keys. */
export const tagResource: Operation = async (request, services) => {
  const bucket = await taggedBucket(request, services)
  const named = readXml(await request.body.document(), 'TagResourceRequest', readTagSet, ['Tag'])
  request.authorize('s3:TagResource', { bucket }, tagKeys(Object.fromEntries(named)))
  const added = assertTags(named, 'bucket') ?? {}
  await services.store.updateBucket(bucket.name, (current) =>
    withTags(current, assertTags(Object.entries({ ...current.tags, ...added }), 'bucket')),
  )
  return { status: 204 }
}

function readTagSet(content: Parameters<typeof elementAt>[0]): NamedTags {
  assertOnly(content, ['Tags'])
  const set = elementAt(content, 'Tags')
  if (set === undefined) throw new Error('Tags are required')
  return readTags(set)
}

/** Removes the tags that exist. */
export const untagResource: Operation = async (request, services) => {
  const bucket = await taggedBucket(request, services)
  const keys = request.values('tagKeys')
  if (keys.length === 0) throw new ApiError('InvalidRequest', { message: 'Missing required parameter tagKeys' })
  request.authorize('s3:UntagResource', { bucket }, { 'aws:tagkeys': keys })
  await services.store.updateBucket(bucket.name, (current) => {
    const left = Object.entries(current.tags ?? {}).filter(([key]) => !keys.includes(key))
    return withTags(current, assertTags(left, 'bucket'))
  })
  return { status: 204 }
}

/** NoSuchResource; AccessDenied if the header names another account than the owner's. */
async function taggedBucket({ bucketName, headers }: S3Request, { store, accounts }: Services): Promise<Bucket> {
  const bucket = isBucketName(bucketName) ? await store.findBucket(bucketName) : undefined
  if (bucket === undefined) throw new ApiError('NoSuchResource')
  if (headers['x-amz-account-id'] === accounts.findAccount(bucket.ownerId)) return bucket
  throw new ApiError('AccessDenied', {
    cause: new Error(`${bucket.name} belongs to another account than x-amz-account-id says.`),
  })
}
