/** GetObjectAttributes returns data of GetObject, so it needs its permission as well. */
import {
  CreateBucketCommand,
  GetObjectAttributesCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../s3/start-server.ts'

const Bucket = 'attributes'
const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`]
let server: TestServer
let VersionId: string | undefined
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  const client = server.client()
  await client.send(new CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  ;({ VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'content' })))
  const Tagging = { TagSet: [{ Key: 'class', Value: 'secret' }] }
  await client.send(new PutObjectTaggingCommand({ Bucket, Key: 'key', Tagging }))
})
afterAll(() => server.close())

type Statement = Readonly<Record<string, unknown>>
const allow = (...actions: string[]): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::111111111111:root' },
  Action: actions.map((action) => `s3:${action}`),
  Resource,
})

async function answerTo(statements: readonly Statement[], more: { VersionId?: string | undefined; Key?: string } = {}) {
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  await server.client().send(new PutBucketPolicyCommand({ Bucket, Policy }))
  const command = new GetObjectAttributesCommand({ Bucket, Key: 'key', ObjectAttributes: ['ObjectSize'], ...more })
  return server
    .client('other')
    .send(command)
    .then(
      ({ ObjectSize }) => ObjectSize,
      (error: Error) => error.name,
    )
}

it.each([
  [['GetObjectAttributes'], 'AccessDenied'],
  [['GetObject'], 'AccessDenied'],
  [['GetObjectAttributes', 'GetObjectVersion'], 'AccessDenied'],
  [['GetObjectAttributes', 'GetObject'], 7],
])('of the current version, %j gives %s', async (actions, expected) => {
  expect(await answerTo([allow(...actions)])).toBe(expected)
})

it.each([
  [['GetObjectVersionAttributes'], 'AccessDenied'],
  [['GetObjectVersionAttributes', 'GetObject'], 'AccessDenied'],
  [['GetObjectVersionAttributes', 'GetObjectVersion'], 7],
])('of a version by its id, %j gives %s', async (actions, expected) => {
  expect(await answerTo([allow(...actions)], { VersionId })).toBe(expected)
})

it('a denial of GetObject counts, also where it depends on tags', async () => {
  const all = allow('GetObjectAttributes', 'GetObject')
  const deny = { ...allow('GetObject'), Effect: 'Deny' }
  expect(await answerTo([all, deny])).toBe('AccessDenied')
  const tagged = { StringEquals: { 's3:ExistingObjectTag/class': 'secret' } }
  expect(await answerTo([all, { ...deny, Condition: tagged }])).toBe('AccessDenied')
})

it('an object that is not there is told to those who may list alone', async () => {
  const Key = 'missing'
  expect(await answerTo([allow('GetObjectAttributes', 'GetObject')], { Key })).toBe('AccessDenied')
  expect(await answerTo([allow('GetObjectAttributes', 'ListBucket')], { Key })).toBe('AccessDenied')
  expect(await answerTo([allow('GetObjectAttributes', 'GetObject', 'ListBucket')], { Key })).toBe('NoSuchKey')
})
