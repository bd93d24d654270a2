import { textAt } from '#lib/text/xml.ts'
import { type Payer, withPayer } from '#model/bucket/bucket.ts'
import { type BucketSetting, inBucket, xmlDocument } from '#s3/bucket/setting.ts'
import { assertOnly } from '#s3/request/documents/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html */
export const requestPayment: BucketSetting<Payer> = {
  subresource: 'requestPayment',
  get: { name: 'GetBucketRequestPayment', action: 's3:GetBucketRequestPayment' },
  put: { name: 'PutBucketRequestPayment', action: 's3:PutBucketRequestPayment', needsChecksum: true },
  document: xmlDocument({
    root: 'RequestPaymentConfiguration',
    parse(content) {
      assertOnly(content, ['Payer'])
      const payer = textAt(content, 'Payer')
      if (payer !== 'BucketOwner' && payer !== 'Requester') throw new Error('Payer must be BucketOwner or Requester')
      return payer
    },
    format: (payer) => ({ Payer: payer }),
  }),
  kept: inBucket({
    find: ({ requesterPays }) => (requesterPays ? 'Requester' : 'BucketOwner'),
    put: withPayer,
  }),
}
