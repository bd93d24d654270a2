import { textAt, type XmlElements } from '#lib/text/xml.ts'
import type { PublicAccessBlock } from '#model/access/public-access-block.ts'
import { type BucketSetting, inBucket, xmlDocument } from '#s3/bucket/setting.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
export const publicAccessBlock: BucketSetting<PublicAccessBlock> = {
  subresource: 'publicAccessBlock',
  get: { name: 'GetPublicAccessBlock', action: 's3:GetBucketPublicAccessBlock' },
  put: { name: 'PutPublicAccessBlock', action: 's3:PutBucketPublicAccessBlock' },
  delete: { name: 'DeletePublicAccessBlock', action: 's3:PutBucketPublicAccessBlock' },
  missing: 'NoSuchPublicAccessBlockConfiguration',
  document: xmlDocument({
    root: 'PublicAccessBlockConfiguration',
    parse: (content) => ({
      blockPublicAcls: flagAt(content, 'BlockPublicAcls'),
      ignorePublicAcls: flagAt(content, 'IgnorePublicAcls'),
      blockPublicPolicy: flagAt(content, 'BlockPublicPolicy'),
      restrictPublicBuckets: flagAt(content, 'RestrictPublicBuckets'),
    }),
    format: (block) => ({
      BlockPublicAcls: block.blockPublicAcls,
      IgnorePublicAcls: block.ignorePublicAcls,
      BlockPublicPolicy: block.blockPublicPolicy,
      RestrictPublicBuckets: block.restrictPublicBuckets,
    }),
  }),
  kept: inBucket({
    find: (bucket) => bucket.publicAccessBlock,
    put: (bucket, block) => ({ ...bucket, publicAccessBlock: block }),
    delete: ({ publicAccessBlock: _, ...bucket }) => bucket,
  }),
}

function flagAt(content: XmlElements, name: string): boolean {
  const text = textAt(content, name)?.toLowerCase()
  if (text === undefined || text === 'false') return false
  if (text !== 'true') throw new Error(`${name} must be true or false`)
  return true
}
