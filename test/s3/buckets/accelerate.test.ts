/** The status of Transfer Acceleration: stored and returned, without any effect. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  for (const Bucket of ['bucket', 'with.dots']) await client.send(new aws.CreateBucketCommand({ Bucket }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const put = (Status: string, Bucket = 'bucket') =>
  client.send(
    new aws.PutBucketAccelerateConfigurationCommand({
      Bucket,
      AccelerateConfiguration: { Status: Status as aws.BucketAccelerateStatus },
    }),
  )
const get = async (Bucket = 'bucket') =>
  (await client.send(new aws.GetBucketAccelerateConfigurationCommand({ Bucket }))).Status

describe('the status of Transfer Acceleration', () => {
  it('is none until it is set, and then what it was set to', async () => {
    expect(await get()).toBeUndefined()
    for (const status of ['Enabled', 'Suspended', 'Enabled']) {
      expect((await put(status)).$metadata.httpStatusCode).toBe(200)
      expect([await get(), await get()]).toEqual([status, status])
    }
  })

  it('goes with its bucket', async () => {
    const name = { Bucket: 'short-lived' }
    await client.send(new aws.CreateBucketCommand(name))
    await put('Enabled', name.Bucket)
    await client.send(new aws.DeleteBucketCommand(name))
    await client.send(new aws.CreateBucketCommand(name))
    expect(await get(name.Bucket)).toBeUndefined()
  })

  it.each(['enabled', 'Disabled', ''])('cannot be %j', async (status) => {
    await expect(put(status)).rejects.toMatchObject({ name: 'MalformedXML', $metadata: { httpStatusCode: 400 } })
  })

  it('is refused where the name of the bucket has dots', async () => {
    const refusal = {
      name: 'InvalidRequest',
      message: 'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names',
      $metadata: { httpStatusCode: 400 },
    }
    await expect(put('Enabled', 'with.dots')).rejects.toMatchObject(refusal)
    await expect(get('with.dots')).rejects.toMatchObject(refusal)
  })
})
