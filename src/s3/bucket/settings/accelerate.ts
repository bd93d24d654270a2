import { textAt } from '#lib/text/xml.ts'
import { type Acceleration, assertAccelerable } from '#model/bucket/acceleration.ts'
import { type BucketSetting, inOwnRow, xmlDocument } from '#s3/bucket/setting.ts'
import { assertOnly } from '#s3/request/documents/read-xml.ts'

const own = inOwnRow('accelerate')

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAccelerateConfiguration.html */
export const accelerate: BucketSetting<Acceleration> = {
  subresource: 'accelerate',
  get: { name: 'GetBucketAccelerateConfiguration', action: 's3:GetAccelerateConfiguration' },
  put: { name: 'PutBucketAccelerateConfiguration', action: 's3:PutAccelerateConfiguration' },
  document: xmlDocument({
    root: 'AccelerateConfiguration',
    parse(content) {
      assertOnly(content, ['Status'])
      const status = textAt(content, 'Status')
      if (status !== 'Enabled' && status !== 'Suspended') throw new Error('Status must be Enabled or Suspended')
      return { status }
    },
    format: ({ status }) => ({ Status: status }),
  }),
  kept: {
    async find(bucket, services) {
      assertAccelerable(bucket.name)
      return (await own.find(bucket, services)) ?? {}
    },
    put(value, request, services) {
      assertAccelerable(request.bucketName)
      return own.put(value, request, services)
    },
  },
}
