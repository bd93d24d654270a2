import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { Account } from './client.ts'

/** For clients that expect an existing bucket. */
export async function makeBucket({ accessKey, secretKey, url }: Account, bucket: string): Promise<void> {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
  const client = new S3Client({ endpoint: url.origin, region: 'us-east-1', forcePathStyle: true, credentials })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}
