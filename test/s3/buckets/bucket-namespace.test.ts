/** Buckets whose names belong to one account and region. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory', regions: ['us-east-1', 'eu-west-1'] })
  client = server.client()
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const create = (Bucket: string, BucketNamespace?: string, LocationConstraint?: string) =>
  client.send(
    new aws.CreateBucketCommand({
      Bucket,
      ...(BucketNamespace !== undefined && { BucketNamespace: BucketNamespace as aws.BucketNamespace }),
      ...(LocationConstraint !== undefined && {
        CreateBucketConfiguration: { LocationConstraint: LocationConstraint as aws.BucketLocationConstraint },
      }),
    }),
  )

describe('a bucket of an account-regional namespace', () => {
  it('is made under a name that says whose it is, and where', async () => {
    const made = await create('photos-000000000000-us-east-1-an', 'account-regional')
    expect(made.Location).toBe('/photos-000000000000-us-east-1-an')
    await create('photos-000000000000-eu-west-1-an', 'account-regional', 'eu-west-1')
    const head = await client.send(new aws.HeadBucketCommand({ Bucket: 'photos-000000000000-eu-west-1-an' }))
    expect(head.BucketRegion).toBe('eu-west-1')
  })

  const begin = 'The requested bucket is an account-regional namespace bucket, but'
  it.each([
    [
      'photos-111111111111-us-east-1-an',
      'account-regional',
      `${begin} the requested AWS Account ID '111111111111' does not match the caller's AWS Account ID '000000000000'. Specify the caller's AWS Account ID in the bucket name.`,
    ],
    [
      'photos-000000000000-eu-west-1-an',
      'account-regional',
      `${begin} the requested region 'eu-west-1' does not match the current region 'us-east-1'. Specify the targeted region in the bucket name.`,
    ],
    [
      'photos',
      'account-regional',
      `${begin} the bucket name does not end with -000000000000-us-east-1-an. Specify the targeted account and region in the bucket name.`,
    ],
    ['-000000000000-us-east-1-an', 'account-regional', undefined],
    ['other-000000000000-us-east-1-an', 'global', expect.stringContaining('x-amz-bucket-namespace')],
    ['other-000000000000-us-east-1-an', undefined, expect.stringContaining('x-amz-bucket-namespace')],
  ])('cannot be %s with the namespace %s', async (name, namespace, message) => {
    const refusal = message === undefined ? { name: 'InvalidBucketName' } : { name: 'InvalidBucketNamespace', message }
    await expect(create(name, namespace)).rejects.toMatchObject({ ...refusal, $metadata: { httpStatusCode: 400 } })
  })

  it('cannot be of a namespace there is none of', async () => {
    await expect(create('photos', 'regional')).rejects.toMatchObject({
      name: 'InvalidArgument',
      ArgumentName: 'x-amz-bucket-namespace',
      ArgumentValue: 'regional',
    })
  })

  it('is one like others where the name only looks alike', async () => {
    for (const name of ['photos-an', 'photos-1234-us-east-1-an', 'photos-000000000000-an']) await create(name)
    await create('global-photos', 'global')
  })

  it('can be denied by a condition', async () => {
    const { status } = await fetch(`${server.endpoint}/denied-000000000000-us-east-1-an`, {
      method: 'PUT',
      headers: {
        'x-access-key': 'reader',
        'x-secret-key': 'reader-secret',
        'x-amz-bucket-namespace': 'account-regional',
      },
    })
    expect(status).toBe(403)
  })
})
