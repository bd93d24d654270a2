/** The region of a bucket in listings and in errors, from which clients learn the region to sign for. */
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'abroad'
const LocationConstraint = 'eu-west-1'
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory', regions: [LocationConstraint] })
  await server.client().send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }))
  await server.client().send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'text' }))
})
afterAll(() => server.close())

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(`${server.endpoint}${path}`, init)
  return { status: answer.status, region: answer.headers.get('x-amz-bucket-region'), text: await answer.text() }
}

describe('a refused request names the region of its bucket', () => {
  it.each([
    ['GET', '/abroad/key', 403],
    ['HEAD', '/abroad/key', 403],
    ['HEAD', '/abroad', 403],
    ['GET', '/abroad?list-type=2', 403],
    ['PUT', '/abroad/key', 403],
    ['DELETE', '/abroad', 403],
    ['POST', '/abroad', 412],
    ['POST', '/abroad/key', 405],
    ['GET', '/abroad/key?policy', 400],
    ['GET', '/abroad?X-Amz-Signature=none', 400],
    ['PUT', '/abroad', 403],
  ])('%s %s: %d', async (method, path, status) => {
    expect(await ask(path, { method })).toMatchObject({ status, region: LocationConstraint })
  })

  it('where the key is missing, or is another than was expected', async () => {
    for (const more of [{ Key: 'absent' }, { Key: 'key', IfMatch: '"other"' }]) {
      for (const Command of [GetObjectCommand, HeadObjectCommand]) {
        const failure = await server
          .client()
          .send(new Command({ Bucket, ...more }))
          .catch((error: unknown) => error)
        const { $response } = failure as { $response: { statusCode: number; headers: Record<string, string> } }
        expect([404, 412]).toContain($response.statusCode)
        expect($response.headers['x-amz-bucket-region']).toBe(LocationConstraint)
      }
    }
  })

  it('where it was signed for another region, in a header or in the query', async () => {
    for (const region of ['ap-south-1', 'us-gov-west-1']) {
      const client = server.client('main', { region })
      const failure = await client.send(new HeadBucketCommand({ Bucket })).catch((error: unknown) => error)
      const { $response } = failure as { $response: { statusCode: number; headers: Record<string, string> } }
      const told = [$response.statusCode, $response.headers['x-amz-bucket-region']]
      expect([region, ...told]).toEqual([region, 400, LocationConstraint])
      const url = await getSignedUrl(client, new HeadBucketCommand({ Bucket }))
      const answer = await fetch(url, { method: 'HEAD' })
      expect([answer.status, answer.headers.get('x-amz-bucket-region')]).toEqual([400, LocationConstraint])
    }
  })

  it('and none where there is no such bucket, or none that is addressed', async () => {
    for (const path of ['/no-such-bucket/key', '/', '/Bad_Name', `/${'long'.repeat(50)}`, '/%ff'])
      expect([path, (await ask(path)).region]).toEqual([path, null])
  })
})

it('is told by HeadBucket and by listings of objects', async () => {
  const asked = { Bucket }
  for (const command of [
    new HeadBucketCommand(asked),
    new ListObjectsCommand(asked),
    new ListObjectsV2Command(asked),
  ]) {
    const answer = await fetch(await getSignedUrl(server.client(), command as HeadBucketCommand), {
      method: command instanceof HeadBucketCommand ? 'HEAD' : 'GET',
    })
    expect([answer.status, answer.headers.get('x-amz-bucket-region')]).toEqual([200, LocationConstraint])
  }
})

it('comes with the ARN of the bucket where it is made and looked for', async () => {
  const made = await server.client().send(new CreateBucketCommand({ Bucket: 'made' }))
  const found = await server.client().send(new HeadBucketCommand({ Bucket: 'made' }))
  expect([made.BucketArn, found.BucketArn]).toEqual(['arn:aws:s3:::made', 'arn:aws:s3:::made'])
})
