/** Requests of MinIO's tools that are not S3's. */
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../iam/start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const ask = (path: string, method = 'GET') => fetch(`${app.endpoint}${path}`, { method })

describe('below /minio/', () => {
  it.each(['live', 'ready', 'cluster', 'cluster/read', 'cluster?maintenance=true'])(
    'the probe health/%s answers 200 to GET and HEAD',
    async (probe) => {
      expect((await ask(`/minio/health/${probe}`)).status).toBe(200)
      expect((await ask(`/minio/health/${probe}`, 'HEAD')).status).toBe(200)
    },
  )

  it.each([
    'admin/v3/info',
    'admin/v3/add-user?accessKey=x',
    'v2/metrics/cluster',
    'v2/metrics/node',
    'metrics/v3/api',
    'prometheus/metrics',
    'kms/v1/status',
  ])('%s is clearly not implemented', async (path) => {
    for (const method of ['GET', 'PUT', 'POST', 'HEAD']) {
      const answer = await ask(`/minio/${path}`, method)
      expect(answer.status).toBe(501)
      if (method === 'HEAD') continue
      // In the format that madmin reads.
      expect(await answer.json()).toMatchObject({ Code: 'NotImplemented', Message: expect.stringContaining('/minio/') })
    }
  })

  it('a bucket of that name has its keys', async () => {
    const client = app.s3()
    await client.send(new CreateBucketCommand({ Bucket: 'minio' }))
    await client.send(new PutObjectCommand({ Bucket: 'minio', Key: 'admin/v3/info', Body: 'mine' }))
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'minio', Key: 'admin/v3/info' }))
    expect(await Body?.transformToString()).toBe('mine')
    client.destroy()
  })
})
