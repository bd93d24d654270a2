/** Tags of buckets that decide about access, and the API of S3 Control that changes them. */
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'bucket'
const account = '000000000000'
const arn = (bucket: string) => encodeURIComponent(`arn:aws:s3:::${bucket}`)
let server: TestServer
let client: aws.S3Client

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  client = server.client()
  for (const name of [Bucket, 'unset']) await client.send(new aws.CreateBucketCommand({ Bucket: name }))
  await server.client('other').send(new aws.CreateBucketCommand({ Bucket: 'theirs' }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const setAbac = (Status: string, name = Bucket) =>
  client.send(new aws.PutBucketAbacCommand({ Bucket: name, AbacStatus: { Status: Status as aws.BucketAbacStatus } }))
const abacOf = async (name = Bucket) =>
  (await client.send(new aws.GetBucketAbacCommand({ Bucket: name }))).AbacStatus?.Status

async function ask(method: string, target: string, body?: string, headers: Record<string, string> = {}) {
  const keys = { 'x-access-key': 'main', 'x-secret-key': 'main-secret', 'x-amz-account-id': account }
  const answer = await fetch(`${server.endpoint}/v20180820/tags/${target}`, {
    method,
    headers: { ...keys, ...headers },
    ...(body !== undefined && { body }),
  })
  const text = await answer.text()
  const [, code] = /<ErrorResponse><Error><Code>(.*?)<\/Code>/.exec(text) ?? []
  return { status: answer.status, code, text }
}
const tagSet = (tags: Readonly<Record<string, string>>) => {
  const list = Object.entries(tags).map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
  return `<TagResourceRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><Tags>${list.join('')}</Tags></TagResourceRequest>`
}
async function tagsOf(bucket = Bucket) {
  const { text } = await ask('GET', arn(bucket))
  return Object.fromEntries(
    [...text.matchAll(/<Key>(.*?)<\/Key><Value>(.*?)<\/Value>/g)].map(([, key, value]) => [key, value]),
  )
}

describe('attribute-based access control', () => {
  it('is disabled until it is enabled', async () => {
    expect(await abacOf('unset')).toBe('Disabled')
    for (const status of ['Enabled', 'Disabled']) {
      expect((await setAbac(status, 'unset')).$metadata.httpStatusCode).toBe(200)
      expect([await abacOf('unset'), await abacOf('unset')]).toEqual([status, status])
    }
  })

  it.each(['enabled', 'Suspended', ''])('cannot be %j', async (status) => {
    await expect(setAbac(status, 'unset')).rejects.toMatchObject({ name: 'MalformedXML' })
  })

  it('lets conditions see the tags of the bucket, for the bucket and its objects, only while enabled', async () => {
    const name = { Bucket: 'shared' }
    await client.send(new aws.CreateBucketCommand(name))
    await client.send(new aws.PutObjectCommand({ ...name, Key: 'key', Body: 'x' }))
    const allow = (Action: string, Resource: string, key: string) => ({
      Effect: 'Allow',
      Principal: '*',
      Action,
      Resource,
      Condition: { StringEquals: { [key]: 'Open' } },
    })
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        allow('s3:GetObject', 'arn:aws:s3:::shared/*', 'aws:ResourceTag/Access'),
        allow('s3:ListBucket', 'arn:aws:s3:::shared', 's3:BucketTag/Access'),
      ],
    })
    await client.send(new aws.PutBucketPolicyCommand({ ...name, Policy }))
    const statuses = async () =>
      [await fetch(`${server.endpoint}/shared/key`), await fetch(`${server.endpoint}/shared`)].map(
        ({ status }) => status,
      )
    expect((await ask('POST', arn('shared'), tagSet({ Access: 'Open' }))).status).toBe(204)
    expect(await statuses()).toEqual([403, 403])
    await setAbac('Enabled', 'shared')
    expect(await statuses()).toEqual([200, 200])
    await ask('POST', arn('shared'), tagSet({ Access: 'Closed' }))
    expect(await statuses()).toEqual([403, 403])
    await ask('POST', arn('shared'), tagSet({ Access: 'Open' }))
    await setAbac('Disabled', 'shared')
    expect(await statuses()).toEqual([403, 403])
  })

  it('leaves the tags to TagResource', async () => {
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] }
    await client.send(new aws.PutBucketTaggingCommand({ Bucket, Tagging }))
    await setAbac('Enabled')
    const refusal = { name: 'InvalidRequest', $metadata: { httpStatusCode: 400 } }
    await expect(client.send(new aws.PutBucketTaggingCommand({ Bucket, Tagging }))).rejects.toMatchObject(refusal)
    await expect(client.send(new aws.DeleteBucketTaggingCommand({ Bucket }))).rejects.toMatchObject(refusal)
    expect((await client.send(new aws.GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(Tagging.TagSet)
    await setAbac('Disabled')
    await client.send(new aws.DeleteBucketTaggingCommand({ Bucket }))
  })
})

describe('the tags of a bucket by its ARN', () => {
  it('are added, replaced, listed and removed', async () => {
    expect(await ask('GET', arn(Bucket))).toMatchObject({
      status: 200,
      text: expect.stringContaining(
        '<ListTagsForResourceResult xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">',
      ),
    })
    expect((await ask('POST', arn(Bucket), tagSet({ b: '2', a: '1' }))).status).toBe(204)
    await ask('POST', arn(Bucket), tagSet({ a: 'one', 'c d': '3' }))
    expect(await tagsOf()).toEqual({ a: 'one', b: '2', 'c d': '3' })
    expect((await client.send(new aws.GetBucketTaggingCommand({ Bucket }))).TagSet).toHaveLength(3)
    expect((await ask('DELETE', `${arn(Bucket)}?tagKeys=a&tagKeys=c%20d&tagKeys=absent`)).status).toBe(204)
    expect(await tagsOf()).toEqual({ b: '2' })
    await ask('DELETE', `${arn(Bucket)}?tagKeys=b`)
    expect(await tagsOf()).toEqual({})
  })

  it('are found at the host of the account too, as SDKs ask', async () => {
    await ask('POST', arn(Bucket), tagSet({ a: '1' }))
    const host = `${account}.localhost:${new URL(server.endpoint).port}`
    const { default: http } = await import('node:http')
    const { text } = await import('node:stream/consumers')
    const headers = { host, 'x-access-key': 'main', 'x-secret-key': 'main-secret', 'x-amz-account-id': account }
    const body = await new Promise<string>((resolve, reject) => {
      const request = http.get(server.endpoint, { path: `/v20180820/tags/${arn(Bucket)}`, headers }, (response) => {
        text(response).then(resolve, reject)
      })
      request.once('error', reject)
    })
    expect(body).toContain('<Tag><Key>a</Key><Value>1</Value></Tag>')
    await ask('DELETE', `${arn(Bucket)}?tagKeys=a`)
  })

  it.each([
    ['of a bucket that is not there', 'GET', arn('absent'), undefined, 404, 'NoSuchResource'],
    ['of an access point', 'GET', 'arn:aws:s3:us-east-1:000000000000:accesspoint/x', undefined, 404, 'NoSuchResource'],
    ['of another account', 'GET', arn('theirs'), undefined, 403, 'AccessDenied'],
    ['without a document', 'POST', arn(Bucket), '', 400, 'MalformedXML'],
    ['of another document', 'POST', arn(Bucket), '<Tagging/>', 400, 'MalformedXML'],
    ['without keys', 'DELETE', arn(Bucket), undefined, 400, 'InvalidRequest'],
    ['of a reserved key', 'POST', arn(Bucket), tagSet({ 'aws:x': '1' }), 400, 'InvalidTag'],
    ['by another method', 'PUT', arn(Bucket), '', 405, 'MethodNotAllowed'],
  ])('%s are refused', async (_, method, target, body, status, code) => {
    expect(await ask(method, target, body)).toMatchObject({ status, code })
  })

  it('are 50 at most', async () => {
    const many = (from: number) => Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`k${from + at}`, 'v']))
    await ask('POST', arn(Bucket), tagSet(many(0)))
    expect(await ask('POST', arn(Bucket), tagSet(many(30)))).toMatchObject({ status: 400, code: 'BadRequest' })
    expect(Object.keys(await tagsOf())).toHaveLength(30)
  })

  it('take the rights of their own, with conditions on what is asked', async () => {
    const as = (user: string) => ({ 'x-access-key': user, 'x-secret-key': `${user}-secret` })
    expect(await ask('GET', arn(Bucket), undefined, as('reader'))).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect(await ask('POST', arn(Bucket), tagSet({ a: '1' }), as('reader'))).toMatchObject({ status: 403 })
    const Statement = [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:TagResource',
        Resource: 'arn:aws:s3:::unset',
        Condition: { StringNotEquals: { 'aws:RequestTag/team': 'blue' } },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:UntagResource',
        Resource: 'arn:aws:s3:::unset',
        Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'team' } },
      },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new aws.PutBucketPolicyCommand({ Bucket: 'unset', Policy }))
    expect((await ask('POST', arn('unset'), tagSet({ team: 'red' }))).status).toBe(403)
    expect((await ask('POST', arn('unset'), tagSet({ team: 'blue' }))).status).toBe(204)
    expect((await ask('DELETE', `${arn('unset')}?tagKeys=other&tagKeys=team`)).status).toBe(403)
    expect((await ask('DELETE', `${arn('unset')}?tagKeys=other`)).status).toBe(204)
  })
})
