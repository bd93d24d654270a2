import { elementsAt, textAt } from '#lib/text/xml.ts'
import { grantsToOthers } from '#model/acl.ts'
import { ApiError } from '#model/errors.ts'
import { objectOwnerships } from '#model/object-ownership.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readXml } from '#s3/request/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html */
export function getBucketOwnershipControls({ bucket }: S3Request): S3Response {
  const ownership = bucket.ownershipControls ?? 'BucketOwnerEnforced'
  if (ownership === 'none') {
    throw new ApiError('OwnershipControlsNotFoundError', { fields: { BucketName: bucket.name } })
  }
  return { body: { root: 'OwnershipControls', content: { Rule: { ObjectOwnership: ownership } } } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html */
export async function putBucketOwnershipControls(request: S3Request, { store }: Services): Promise<S3Response> {
  const document = await request.body.document()
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  const ownership = readXml(
    document,
    'OwnershipControls',
    (content) => {
      const [rule, ...others] = elementsAt(content, 'Rule')
      const text = rule === undefined ? undefined : textAt(rule, 'ObjectOwnership')
      const known = objectOwnerships.find((one) => one === text)
      if (known === undefined || others.length > 0) throw new Error('one Rule with an ObjectOwnership')
      return known
    },
    ['Rule'],
  )
  await store.updateBucket(request.bucketName, (bucket) => {
    if (ownership === 'BucketOwnerEnforced' && grantsToOthers(bucket.acl ?? [], bucket.ownerId)) {
      throw new ApiError('InvalidBucketAclWithObjectOwnership', { fields: { BucketName: bucket.name } })
    }
    return { ...bucket, ownershipControls: ownership }
  })
  return {}
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html */
export async function deleteBucketOwnershipControls(request: S3Request, { store }: Services): Promise<S3Response> {
  await store.updateBucket(request.bucketName, (bucket) => ({ ...bucket, ownershipControls: 'none' }))
  return { status: 204 }
}
