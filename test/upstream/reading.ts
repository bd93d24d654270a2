import { type _Object, type GetObjectCommandOutput, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { TestProgram } from '../support/program.ts'
import type { TestUpstream } from '../support/upstream.ts'

export const readBody = async ({ Body }: Pick<GetObjectCommandOutput, 'Body'>): Promise<Buffer> =>
  Buffer.from((await Body?.transformToByteArray()) ?? [])

export const clientOf = ({ url }: Pick<TestProgram, 'url'>, maxAttempts = 1): S3Client =>
  new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'localadmin', secretAccessKey: 'localadmin' },
    maxAttempts,
  })

/** The stored objects. */
export async function listUpstream({ client, settings }: TestUpstream): Promise<_Object[]> {
  const { bucket: Bucket, prefix: Prefix } = settings
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }))
  return Contents.filter(({ Key = '' }) => /\/[0-9a-f]{2}\/[0-9a-f]{32}$/.test(Key))
}
