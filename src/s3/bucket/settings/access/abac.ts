import { textAt } from '#lib/text/xml.ts'
import { withAbac } from '#model/bucket/bucket.ts'
import { type BucketSetting, inBucket, xmlDocument } from '#s3/bucket/setting.ts'
import { assertOnly } from '#s3/request/documents/read-xml.ts'

/**
 * Whether the bucket's tags decide about access: attribute-based access control.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAbac.html
 */
export const abac: BucketSetting<'Enabled' | 'Disabled'> = {
  subresource: 'abac',
  get: { name: 'GetBucketAbac', action: 's3:GetBucketAbac' },
  put: { name: 'PutBucketAbac', action: 's3:PutBucketAbac' },
  document: xmlDocument({
    root: 'AbacStatus',
    parse(content) {
      assertOnly(content, ['Status'])
      const status = textAt(content, 'Status')
      if (status !== 'Enabled' && status !== 'Disabled') throw new Error('Status must be Enabled or Disabled')
      return status
    },
    format: (status) => ({ Status: status }),
  }),
  kept: inBucket({
    find: (bucket) => (bucket.hasAbac ? 'Enabled' : 'Disabled'),
    put: (bucket, status) => withAbac(bucket, status === 'Enabled'),
  }),
}
