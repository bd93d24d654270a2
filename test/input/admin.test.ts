/** Our own routes beside S3: invalid requests get S3's error codes and change nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, startTestApi, type TestApi } from './api.ts'
import { exchange, format } from './wire.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,versioned' })
  await api.ask({ line: 'PUT /theirs', as: 'other' })
  await api.ask({ line: 'PUT /bucket/a%2Fb%20c', body: 'content' })
})
afterAll(() => api.close())

const key = '/presign/bucket/a/b%20c'
const json = (value: unknown) => ({ body: JSON.stringify(value) })

describe('POST /presign', () => {
  it.each(['GET', 'PUT', 'DELETE'])('makes a URL for %s that works, once', async (method) => {
    const answer = await api.ask({ line: `POST ${key}`, ...json({ method, expires_in: 60 }) })
    expect(answer.status).toBe(200)
    const { url, ...rest } = JSON.parse(answer.body) as { url: string }
    expect(rest).toEqual({ method, expires_in: 60 })
    const { host, pathname, search } = new URL(url)
    const headers = [
      ['Host', host],
      ['Content-Length', '0'],
    ] as const
    const used = await exchange(api.port, format({ method, target: `${pathname}${search}`, headers }))
    expect(used.status).toBe(method === 'DELETE' ? 204 : 200)
    const other = method === 'GET' ? 'DELETE' : 'GET'
    expect((await exchange(api.port, format({ method: other, target: `${pathname}${search}`, headers }))).status).toBe(
      403,
    )
    await api.ask({ line: 'PUT /bucket/a%2Fb%20c', body: 'content' })
  })

  it.each<[string, Partial<Asked>, string]>([
    ['for no time', json({ expires_in: 0 }), '400 InvalidRequest'],
    ['for less than no time', json({ expires_in: -1 }), '400 InvalidRequest'],
    ['for more than a week', json({ expires_in: 604_801 }), '400 InvalidRequest'],
    ['for half a second', json({ expires_in: 0.5 }), '400 InvalidRequest'],
    ['for a word', json({ expires_in: 'soon' }), '400 InvalidRequest'],
    ['for a method there is none of', json({ method: 'PATCH' }), '400 InvalidRequest'],
    ['with what is no JSON', { body: '{' }, '400 InvalidRequest'],
    ['with a list', json([]), '400 InvalidRequest'],
    ['with null', json(null), '400 InvalidRequest'],
    ['of an object that is not there', { line: 'POST /presign/bucket/absent' }, '404 NoSuchKey'],
    ['of a bucket that is not there', { line: 'POST /presign/absent-bucket/key' }, '404 NoSuchBucket'],
    ['of a bucket that cannot be', { line: 'POST /presign/Bad_Name/key' }, '400 InvalidBucketName'],
    ['of a bucket of others', { line: 'POST /presign/theirs/key' }, '403 AccessDenied'],
    ['of a key that does not decode', { line: 'POST /presign/bucket/%zz' }, '400 InvalidURI'],
    ['of a bucket that does not decode', { line: 'POST /presign/%zz/key' }, '400 InvalidURI'],
    ['of a key that is no UTF-8', { line: 'POST /presign/bucket/%ff' }, '400 InvalidURI'],
    ['of a key that is too long', { line: `POST /presign/bucket/${'k'.repeat(1025)}` }, '400 KeyTooLongError'],
    ['of a key with NUL', { line: 'POST /presign/bucket/a%00b' }, '400 InvalidArgument'],
    ['to write, by one who may only read', { as: 'reader', ...json({ method: 'PUT' }) }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous' }, '403 AccessDenied'],
    ['with a wrong secret', { signing: { secret: 'wrong' } }, '403 SignatureDoesNotMatch'],
    [
      'with another body than was signed',
      { signing: { payload: 'a'.repeat(64) }, ...json({}) },
      '400 XAmzContentSHA256Mismatch',
    ],
    [
      'with a framed body',
      { signing: { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }, ...json({}) },
      '400 InvalidRequest',
    ],
    ['with a body of more than 4 MiB', { body: ' '.repeat(4 * 1024 * 1024 + 1) }, '400 MaxMessageLengthExceeded'],
    [
      'signed by Version 2 with a query that does not decode',
      { line: `POST ${key}?uploads=%zz&AWSAccessKeyId=main&Expires=9999999999&Signature=A`, as: 'anonymous' },
      '403 SignatureDoesNotMatch',
    ],
  ])('is refused %s', async (_title, more, answers) => {
    const before = api.files()
    const answer = await api.ask({ line: `POST ${key}`, ...more })
    expect(`${answer.status} ${answer.code}`, answer.body).toBe(answers)
    expect(api.files()).toBe(before)
  })
})

describe('/bucket-policy', () => {
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
  const policy = json({ Version: '2012-10-17', Statement: [statement] })

  it('is put, got and deleted', async () => {
    expect((await api.ask({ line: 'PUT /bucket-policy/bucket', ...policy })).status).toBe(204)
    expect(JSON.parse((await api.ask({ line: 'GET /bucket-policy/bucket' })).body)).toEqual(JSON.parse(policy.body))
    expect((await api.ask({ line: 'DELETE /bucket-policy/bucket' })).status).toBe(204)
  })

  it.each<[string, Asked, string]>([
    ['that is not there', { line: 'GET /bucket-policy/bucket' }, '404 NoSuchBucketPolicy'],
    ['of a bucket that is not there', { line: 'GET /bucket-policy/absent-bucket' }, '404 NoSuchBucket'],
    ['of a bucket that cannot be', { line: 'GET /bucket-policy/Bad_Name' }, '400 InvalidBucketName'],
    ['of a bucket that does not decode', { line: 'GET /bucket-policy/%zz' }, '400 InvalidURI'],
    ['that is empty', { line: 'PUT /bucket-policy/bucket', body: '' }, '400 MalformedPolicy'],
    ['that is no JSON', { line: 'PUT /bucket-policy/bucket', body: '{' }, '400 MalformedPolicy'],
    ['on another bucket', { line: 'PUT /bucket-policy/theirs', as: 'other', ...policy }, '400 MalformedPolicy'],
    ['of others', { line: 'PUT /bucket-policy/theirs', ...policy }, '403 AccessDenied'],
    ['by one who may only read', { line: 'DELETE /bucket-policy/bucket', as: 'reader' }, '403 AccessDenied'],
    ['by a stranger', { line: 'GET /bucket-policy/bucket', as: 'anonymous' }, '403 AccessDenied'],
    ['with a method there is none of', { line: 'PATCH /bucket-policy/bucket' }, '405 MethodNotAllowed'],
  ])('is refused %s', async (_title, asked, answers) => {
    const before = api.files()
    const answer = await api.ask(asked)
    expect(`${answer.status} ${answer.code}`, answer.body).toBe(answers)
    expect(api.files()).toBe(before)
  })
})

it.each(['/healthz', '/minio/health/live', '/minio/health/ready'])(
  '%s tells anyone that the server is well, and no more',
  async (path) => {
    const answer = await api.ask({ line: `GET ${path}`, as: 'anonymous' })
    expect([answer.status, answer.body]).toEqual([200, path === '/healthz' ? '{"status":"ok","version":"9.9.9"}' : ''])
    expect((await api.ask({ line: `HEAD ${path}`, as: 'anonymous' })).status).toBe(200)
    expect((await api.ask({ line: `DELETE ${path}`, as: 'anonymous' })).status).toBeGreaterThanOrEqual(400)
  },
)

describe('/_/quota', () => {
  const line = 'PUT /_/quota/bucket'

  it('sets, shows and removes how much a bucket may hold', async () => {
    expect((await api.ask({ line, ...json({ sizeBytes: 1e9, objectCount: 10 }) })).status).toBe(204)
    const shown = await api.ask({ line: 'GET /_/quota/bucket' })
    expect(JSON.parse(shown.body)).toEqual({
      bucket: 'bucket',
      quota: { sizeBytes: 1e9, objectCount: 10 },
      usage: { objectCount: 1, sizeBytes: 7 },
    })
    expect((await api.ask({ line, ...json({ sizeBytes: 5 }) })).status).toBe(204)
    expect(JSON.parse((await api.ask({ line: 'GET /_/quota/bucket' })).body).quota).toEqual({ sizeBytes: 5 })
    for (let times = 0; times < 2; times++) expect((await api.ask({ line: 'DELETE /_/quota/bucket' })).status).toBe(204)
    expect((await api.ask({ line: 'GET /_/quota/bucket' })).code).toBe('NoSuchQuota')
  })

  it('of a bucket of others is set by the account of the server, and shown to its owner', async () => {
    const theirs = { line: 'PUT /_/quota/theirs', ...json({ objectCount: 3 }) }
    expect((await api.ask({ ...theirs, as: 'other' })).code).toBe('AccessDenied')
    expect((await api.ask(theirs)).status).toBe(204)
    expect((await api.ask({ line: 'GET /_/quota/theirs', as: 'other' })).status).toBe(200)
    expect((await api.ask({ line: 'DELETE /_/quota/theirs', as: 'other' })).code).toBe('AccessDenied')
    expect((await api.ask({ line: 'GET /_/quota/bucket', as: 'other' })).code).toBe('AccessDenied')
    expect((await api.ask({ line: 'DELETE /_/quota/theirs' })).status).toBe(204)
  })

  it.each<[string, Partial<Asked>, string]>([
    ['without a limit', json({}), '400 InvalidRequest'],
    ['without a body', {}, '400 InvalidRequest'],
    ['that is negative', json({ sizeBytes: -1 }), '400 InvalidRequest'],
    ['that is a fraction', json({ objectCount: 1.5 }), '400 InvalidRequest'],
    ['that is beyond what a number can say', json({ sizeBytes: 2 ** 53 }), '400 InvalidRequest'],
    ['that is a text', json({ sizeBytes: '10' }), '400 InvalidRequest'],
    ['that is null', json({ sizeBytes: null, objectCount: 1 }), '400 InvalidRequest'],
    ['with a name it does not know', json({ sizeBytes: 1, bytes: 1 }), '400 InvalidRequest'],
    ['that is a list', json([]), '400 InvalidRequest'],
    ['that is no JSON', { body: '{' }, '400 InvalidRequest'],
    [
      'of a bucket that is not there',
      { line: 'PUT /_/quota/absent-bucket', ...json({ sizeBytes: 1 }) },
      '404 NoSuchBucket',
    ],
    [
      'of a bucket that cannot be',
      { line: 'PUT /_/quota/Bad_Name', ...json({ sizeBytes: 1 }) },
      '400 InvalidBucketName',
    ],
    ['by one who may only read', { as: 'reader', ...json({ sizeBytes: 1 }) }, '403 AccessDenied'],
    ['by a stranger', { as: 'anonymous', ...json({ sizeBytes: 1 }) }, '403 AccessDenied'],
  ])('is refused %s', async (_title, more, answers) => {
    const before = api.files()
    const answer = await api.ask({ line, ...more })
    expect(`${answer.status} ${answer.code}`, answer.body).toBe(answers)
    expect(api.files()).toBe(before)
    expect((await api.ask({ line: 'GET /_/quota/bucket' })).code).toBe('NoSuchQuota')
  })
})
