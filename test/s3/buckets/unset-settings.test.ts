/** Settings that cannot be made yet, asked for through the AWS SDK: as AWS answers for a bucket that never had them. */
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
  await client.send(new aws.CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
  for (const name of [Bucket, 'locked']) {
    await client.send(new aws.PutObjectCommand({ Bucket: name, Key: 'key', Body: 'x' }))
  }
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const Id = 'id'

describe('a setting that was never made', () => {
  it.each([
    ['NoSuchCORSConfiguration', new aws.GetBucketCorsCommand({ Bucket })],
    ['NoSuchLifecycleConfiguration', new aws.GetBucketLifecycleConfigurationCommand({ Bucket })],
    ['ReplicationConfigurationNotFoundError', new aws.GetBucketReplicationCommand({ Bucket })],
    ['ServerSideEncryptionConfigurationNotFoundError', new aws.GetBucketEncryptionCommand({ Bucket })],
    ['ObjectLockConfigurationNotFoundError', new aws.GetObjectLockConfigurationCommand({ Bucket })],
    ['NoSuchConfiguration', new aws.GetBucketInventoryConfigurationCommand({ Bucket, Id })],
    ['NoSuchConfiguration', new aws.GetBucketMetricsConfigurationCommand({ Bucket, Id })],
    ['NoSuchConfiguration', new aws.GetBucketAnalyticsConfigurationCommand({ Bucket, Id })],
    ['NoSuchConfiguration', new aws.GetBucketIntelligentTieringConfigurationCommand({ Bucket, Id })],
    ['NoSuchConfiguration', new aws.DeleteBucketInventoryConfigurationCommand({ Bucket, Id })],
    ['MetadataConfigurationNotFound', new aws.GetBucketMetadataConfigurationCommand({ Bucket })],
    ['MetadataConfigurationNotFound', new aws.GetBucketMetadataTableConfigurationCommand({ Bucket })],
    ['NoSuchObjectLockConfiguration', new aws.GetObjectRetentionCommand({ Bucket: 'locked', Key: 'key' })],
    ['NoSuchObjectLockConfiguration', new aws.GetObjectLegalHoldCommand({ Bucket: 'locked', Key: 'key' })],
    ['NoSuchKey', new aws.GetObjectLegalHoldCommand({ Bucket: 'locked', Key: 'absent' })],
  ])('is %s', async (code, command) => {
    const asked = client.send(command as aws.GetBucketCorsCommand)
    await expect(asked).rejects.toMatchObject({ name: code, $metadata: { httpStatusCode: 404 } })
  })

  it('is said to be nothing, or the default, where AWS has no error for it', async () => {
    const ask = async (command: unknown) => {
      const { $metadata, ...output } = await client.send(command as aws.GetBucketLoggingCommand)
      expect($metadata.httpStatusCode).toBe(200)
      return output
    }
    expect(await ask(new aws.GetBucketLoggingCommand({ Bucket }))).toEqual({})
    expect(await ask(new aws.GetBucketNotificationConfigurationCommand({ Bucket }))).toEqual({})
    for (const List of [
      aws.ListBucketAnalyticsConfigurationsCommand,
      aws.ListBucketIntelligentTieringConfigurationsCommand,
      aws.ListBucketInventoryConfigurationsCommand,
      aws.ListBucketMetricsConfigurationsCommand,
    ]) {
      expect(await ask(new List({ Bucket }))).toEqual({ IsTruncated: false })
    }
    expect(await ask(new aws.GetObjectLockConfigurationCommand({ Bucket: 'locked' }))).toEqual({
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
    })
  })

  it.each([
    new aws.DeleteBucketCorsCommand({ Bucket }),
    new aws.DeleteBucketEncryptionCommand({ Bucket }),
    new aws.DeleteBucketLifecycleCommand({ Bucket }),
    new aws.DeleteBucketReplicationCommand({ Bucket }),
  ])('can be deleted, which is no error', async (command) => {
    const { $metadata } = await client.send(command as aws.DeleteBucketCorsCommand)
    expect($metadata.httpStatusCode).toBe(204)
  })

  it('is refused for objects of a bucket without Object Lock', async () => {
    const lock = client.send(new aws.GetObjectRetentionCommand({ Bucket, Key: 'key' }))
    await expect(lock).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'Bucket is missing Object Lock Configuration',
    })
  })

  it('cannot be made: 501', async () => {
    const made = client.send(new aws.PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }))
    await expect(made).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } })
  })
})
