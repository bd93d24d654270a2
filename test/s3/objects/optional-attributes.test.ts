/** Attributes that a list shows only where they are asked for. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'bucket'
let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  await client.send(new aws.CreateBucketCommand({ Bucket }))
  await client.send(new aws.PutObjectCommand({ Bucket, Key: 'key', Body: 'x' }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

type Asked = { Bucket: string; OptionalObjectAttributes: aws.OptionalObjectAttributes[] }
const lists: readonly [
  string,
  (asked: Asked) => Promise<{ Contents?: aws._Object[]; Versions?: aws.ObjectVersion[] }>,
][] = [
  ['ListObjects', (asked) => client.send(new aws.ListObjectsCommand(asked)) as never],
  ['ListObjectsV2', (asked) => client.send(new aws.ListObjectsV2Command(asked)) as never],
  ['ListObjectVersions', (asked) => client.send(new aws.ListObjectVersionsCommand(asked)) as never],
]

describe.each(lists)('%s', (_, list) => {
  it('tells RestoreStatus of restored objects alone', async () => {
    const { Contents, Versions } = await list({ Bucket, OptionalObjectAttributes: ['RestoreStatus'] })
    const [object] = Contents ?? Versions ?? []
    expect(object?.Key).toBe('key')
    expect(object?.RestoreStatus).toBeUndefined()
  })

  it('refuses an attribute there is none of', async () => {
    const asked = list({ Bucket, OptionalObjectAttributes: ['RestoreStatus', 'Tags' as 'RestoreStatus'] })
    await expect(asked).rejects.toMatchObject({
      name: 'InvalidArgument',
      ArgumentName: 'x-amz-optional-object-attributes',
      $metadata: { httpStatusCode: 400 },
    })
  })
})
