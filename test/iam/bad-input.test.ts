/** Invalid requests to IAM or STS, sent by hand, since clients would not send them. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signingKey } from '#signature/signing-key.ts'
import { accountId, type Keys, keysOf, otherRootKeys, rootKeys, startApp, type TestApp } from './start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ settings: { AWS_REGION: 'us-east-1' } })
})
afterAll(() => app.close())

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

interface Sent {
  readonly body?: string
  readonly keys?: Keys
  readonly service?: string
  readonly region?: string
  /** The body that is signed, if it is not the one that is sent. */
  readonly signedBody?: string
  readonly atMs?: number
}

async function send({
  body = '',
  keys,
  service = 'iam',
  region = 'us-east-1',
  signedBody = body,
  atMs = Date.now(),
}: Sent) {
  const { host } = new URL(app.endpoint)
  const timestamp = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const date = timestamp.slice(0, 8)
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
  if (keys !== undefined) {
    const scope = `${date}/${region}/${service}/aws4_request`
    const canonical = `POST\n/\n\nhost:${host}\nx-amz-date:${timestamp}\n\nhost;x-amz-date\n${sha256(signedBody)}`
    const key = signingKey(keys.secretAccessKey, date, region, service)
    const signature = key.sign(`AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256(canonical)}`)
    headers['x-amz-date'] = timestamp
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`
  }
  const answer = await fetch(app.endpoint, { method: 'POST', headers, body })
  const text = await answer.text()
  return { status: answer.status, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1], text, headers: answer.headers }
}

const list = 'Action=ListUsers&Version=2010-05-08'

describe('an answer', () => {
  it('has AWS’s form', async () => {
    const { text, headers } = await send({ body: list, keys: rootKeys })
    expect(headers.get('content-type')).toBe('text/xml')
    expect(text).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<ListUsersResponse xmlns="https:\/\/iam.amazonaws.com\/doc\/2010-05-08\/"><ListUsersResult><Users>.*<\/ListUsersResult><ResponseMetadata><RequestId>[0-9a-f-]{36}<\/RequestId><\/ResponseMetadata><\/ListUsersResponse>$/,
    )
    const { text: error } = await send({ body: 'Action=GetUser&Version=2010-05-08&UserName=x', keys: rootKeys })
    expect(error).toContain(
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The user with name x cannot be found.</Message></Error><RequestId>',
    )
  })

  it('comes for GET too', async () => {
    const answer = await fetch(`${app.endpoint}/?${list}`)
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('MissingAuthenticationToken')])
  })
})

describe('a request is refused', () => {
  it.each([
    ['without a signature', { body: list }, 403, 'MissingAuthenticationToken'],
    ['with a key nobody has', { body: list, keys: keysOf('NOSUCHKEY00000000000') }, 403, 'InvalidClientTokenId'],
    [
      'CVE-2020-11012: with a known key and another secret',
      { body: list, keys: { ...rootKeys, secretAccessKey: 'x' } },
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'with a body that was not signed',
      { body: `${list}&PathPrefix=/a/`, signedBody: list, keys: rootKeys },
      403,
      'SignatureDoesNotMatch',
    ],
    ['signed for S3', { body: list, keys: rootKeys, service: 's3' }, 403, 'SignatureDoesNotMatch'],
    ['signed for STS', { body: list, keys: rootKeys, service: 'sts' }, 403, 'SignatureDoesNotMatch'],
    ['signed for another region', { body: list, keys: rootKeys, region: 'mars-1' }, 403, 'SignatureDoesNotMatch'],
    ['signed an hour ago', { body: list, keys: rootKeys, atMs: Date.now() - 3_600_000 }, 403, 'RequestTimeTooSkewed'],
    ['with an action nobody has', { body: 'Action=MakeUser&Version=2010-05-08', keys: rootKeys }, 400, 'InvalidAction'],
    ['with no action', { body: 'Version=2010-05-08', keys: rootKeys }, 400, 'MissingAction'],
    ['with another version', { body: 'Action=ListUsers&Version=2000-01-01', keys: rootKeys }, 400, 'InvalidAction'],
    [
      'with an action of every object',
      { body: 'Action=constructor&Version=2010-05-08', keys: rootKeys },
      400,
      'InvalidAction',
    ],
    ['without what it needs', { body: 'Action=CreateUser&Version=2010-05-08', keys: rootKeys }, 400, 'ValidationError'],
    [
      'with a name that is none',
      { body: 'Action=CreateUser&Version=2010-05-08&UserName=a%0Ab', keys: rootKeys },
      400,
      'ValidationError',
    ],
    [
      'with a path that is none',
      { body: 'Action=CreateUser&Version=2010-05-08&UserName=a&Path=x', keys: rootKeys },
      400,
      'ValidationError',
    ],
    [
      'with a reserved tag',
      {
        body: 'Action=CreateUser&Version=2010-05-08&UserName=a&Tags.member.1.Key=__proto__&Tags.member.1.Value=x',
        keys: rootKeys,
      },
      400,
      'InvalidInput',
    ],
    [
      'with half a tag',
      { body: 'Action=CreateUser&Version=2010-05-08&UserName=a&Tags.member.1.Key=k', keys: rootKeys },
      400,
      'ValidationError',
    ],
    [
      'with sixty tags',
      {
        body: `Action=CreateUser&Version=2010-05-08&UserName=a${Array.from({ length: 60 }, (_, at) => `&Tags.member.${at}.Key=k${at}&Tags.member.${at}.Value=`).join('')}`,
        keys: rootKeys,
      },
      400,
      'ValidationError',
    ],
    [
      'with a broken escape',
      { body: 'Action=GetUser&Version=2010-05-08&UserName=%zz', keys: rootKeys },
      400,
      'ValidationError',
    ],
    [
      'with more than a form may hold',
      { body: `${list}&x=${'y'.repeat(600_000)}`, keys: rootKeys },
      400,
      'MaxMessageLengthExceeded',
    ],
    ['with a page of nothing', { body: `${list}&MaxItems=0`, keys: rootKeys }, 400, 'ValidationError'],
    ['with a page that is no number', { body: `${list}&MaxItems=ten`, keys: rootKeys }, 400, 'ValidationError'],
  ] as [string, Sent, number, string][])('%s', async (_, sent, status, code) => {
    expect(await send(sent)).toMatchObject({ status, code })
  })

  it('and S3 cannot be had with a signature for IAM', async () => {
    const answer = await fetch(`${app.endpoint}/bucket/key`, {
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${rootKeys.accessKeyId}/20261124/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00`,
      },
    })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('MissingAction')])
  })

  it('and nothing was made by any of them', async () => {
    const { text } = await send({ body: list, keys: rootKeys })
    expect(text).toContain('<Users></Users>')
  })
})

describe('GET /_/status', () => {
  const status = async (keys: Keys) => {
    const answer = await fetch(`${app.endpoint}/_/status`, {
      headers: { 'x-access-key': keys.accessKeyId, 'x-secret-key': keys.secretAccessKey },
    })
    return { status: answer.status, text: await answer.text() }
  }

  it('names file, line and path of what is wrong in iam.json, to the administrators of the server', async () => {
    const fine = await status(rootKeys)
    expect(JSON.parse(fine.text)).toMatchObject({
      documents: [{ path: app.iamPath, isInForce: true }, { isInForce: true }, { isInForce: true }],
    })
    const good = await readFile(app.iamPath, 'utf8')
    await writeFile(app.iamPath, good.replace(`"id": "${accountId}"`, `"id": "${accountId}",\n"ids": 1`))
    expect(JSON.parse((await status(rootKeys)).text).documents[0]).toEqual({
      path: app.iamPath,
      isInForce: false,
      problem: { message: 'Unrecognized key: "ids"', line: 6, at: 'accounts[0].ids' },
    })
    expect(await send({ body: 'Action=CreateUser&Version=2010-05-08&UserName=a', keys: rootKeys })).toMatchObject({
      status: 503,
      code: 'ServiceUnavailable',
    })
    await writeFile(app.iamPath, good)
    expect(JSON.parse((await status(rootKeys)).text).documents[0].isInForce).toBe(true)
  })

  // biome-ignore format: a table
  it.each([
    ['a syntax error', (text: string) => text.replace('"Effect"', 'Effect'), { line: 6, at: '' }, /^not valid JSON/],
    ['a name given twice', (text: string) => text.replace('"Effect"', '"Sid": "a",\n"Sid": "b",\n"Effect"'), { line: 7, at: 'policies.papers.Statement.Sid' }, /there twice/],
    ['an unknown action', (text: string) => text.replace('s3:GetObject', 's3:GetObjekt'), { line: 8, at: 'policies.papers.Statement.Action' }, /invalid action/],
    ['an unknown operator', (text: string) => text.replace('"Effect"', '"Condition": {"StringLikes": {"aws:Referer": "x"}},\n"Effect"'), { line: 6, at: 'policies.papers.Statement.Condition.StringLikes' }, /Condition/],
    ['another bucket', (text: string) => text.replace(':::papers', ':::others'), { line: 9, at: 'policies.papers.Statement.Resource' }, /resource/],
  ])('names file, line and path of %s in bucket_policies.json, and the last good policy stays', async (_title, spoil, { line, at }, message) => {
    const Bucket = 'papers'
    const root = app.s3()
    await root.send(new CreateBucketCommand({ Bucket })).catch(() => undefined)
    const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }
    await root.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }))
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statement })
    await root.send(new PutBucketPolicyCommand({ Bucket, Policy }))
    const reads = async () => (await fetch(`${app.endpoint}/${Bucket}/a`)).status
    expect(await reads()).toBe(200)
    const path = join(dirname(app.iamPath), 'bucket_policies.json')
    const good = await readFile(path, 'utf8')
    await writeFile(path, spoil(good))
    expect(JSON.parse((await status(rootKeys)).text).documents[1]).toEqual({
      path,
      isInForce: false,
      problem: { message: expect.stringMatching(message), line, at },
    })
    expect(await reads()).toBe(200)
    await writeFile(path, good)
    expect(JSON.parse((await status(rootKeys)).text).documents[1].isInForce).toBe(true)
  })

  it('tells nobody else', async () => {
    expect((await status(otherRootKeys)).status).toBe(403)
    expect((await fetch(`${app.endpoint}/_/status`)).status).toBe(403)
  })
})
