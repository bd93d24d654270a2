/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
import { textAt, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { readXml } from '#s3/request/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html */
export function getPublicAccessBlock({ bucket }: S3Request): S3Response {
  const block = bucket.publicAccessBlock
  if (block === undefined) {
    throw new ApiError('NoSuchPublicAccessBlockConfiguration', { fields: { BucketName: bucket.name } })
  }
  return {
    body: {
      root: 'PublicAccessBlockConfiguration',
      content: {
        BlockPublicAcls: block.blockPublicAcls,
        IgnorePublicAcls: block.ignorePublicAcls,
        BlockPublicPolicy: block.blockPublicPolicy,
        RestrictPublicBuckets: block.restrictPublicBuckets,
      },
    },
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html */
export async function putPublicAccessBlock(request: S3Request, { store }: Services): Promise<S3Response> {
  const document = await request.body.document()
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  const publicAccessBlock = readXml(document, 'PublicAccessBlockConfiguration', (content) => ({
    blockPublicAcls: flagAt(content, 'BlockPublicAcls'),
    ignorePublicAcls: flagAt(content, 'IgnorePublicAcls'),
    blockPublicPolicy: flagAt(content, 'BlockPublicPolicy'),
    restrictPublicBuckets: flagAt(content, 'RestrictPublicBuckets'),
  }))
  await store.updateBucket(request.bucketName, (bucket) => ({ ...bucket, publicAccessBlock }))
  return {}
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html */
export async function deletePublicAccessBlock(request: S3Request, { store }: Services): Promise<S3Response> {
  await store.updateBucket(request.bucketName, ({ publicAccessBlock: _, ...bucket }) => bucket)
  return { status: 204 }
}

function flagAt(content: XmlElements, name: string): boolean {
  const text = textAt(content, name)?.toLowerCase()
  if (text === undefined || text === 'false') return false
  if (text !== 'true') throw new Error(`${name} must be true or false`)
  return true
}
