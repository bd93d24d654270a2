/** Conditions and ranges of reads: RFC 9110 §13 and §14, and what S3 makes of them. */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'reads'
const dayMs = 24 * 60 * 60 * 1000
let server: TestServer
let etag = ''
let modifiedAtMs = 0
const date = (ms: number) => new Date(ms).toUTCString()

beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
  const caching = { CacheControl: 'max-age=60', Expires: new Date(0), ContentType: 'text/plain' }
  await server.client().send(new PutObjectCommand({ Bucket, Key: 'object', Body: '0123456789', ...caching }))
  await server.client().send(new PutObjectCommand({ Bucket, Key: 'empty', Body: '' }))
  const head = await server.client().send(new HeadObjectCommand({ Bucket, Key: 'object' }))
  etag = head.ETag ?? ''
  modifiedAtMs = head.LastModified?.getTime() ?? 0
})
afterAll(() => server.close())

async function read(headers: Record<string, string>, more: Partial<GetObjectCommand['input']> = {}, method = 'GET') {
  const asked = { Bucket, Key: 'object', ...more }
  const command = method === 'GET' ? new GetObjectCommand(asked) : new HeadObjectCommand(asked)
  const answer = await fetch(await getSignedUrl(server.client(), command), { method, headers })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

describe('If-Range', () => {
  const whole = { status: 200, text: '0123456789' }
  it('lets a range through where the client has the same object', async () => {
    for (const same of [etag, date(modifiedAtMs)]) {
      const answer = await read({ range: 'bytes=2-4', 'if-range': same })
      expect([same, answer.status, answer.text]).toEqual([same, 206, '234'])
      expect((await read({ range: 'bytes=10-', 'if-range': same })).status).toBe(416)
    }
  })

  it.each(['"other"', 'W/ETAG', 'Sun, 06 Nov 1994 08:49:37 GMT', 'LATER', '2037', 'nonsense'])(
    'of %s sends the whole, also where the range could not be satisfied',
    async (stale) => {
      const ifRange = stale.replace('ETAG', etag).replace('LATER', date(Date.now() + dayMs))
      for (const range of ['bytes=2-4', 'bytes=10-', 'bytes=-0']) {
        expect(await read({ range, 'if-range': ifRange })).toMatchObject(whole)
        expect((await read({ range, 'if-range': ifRange }, {}, 'HEAD')).status).toBe(200)
      }
    },
  )

  it('says nothing without a range', async () => {
    expect(await read({ 'if-range': '"other"' })).toMatchObject(whole)
  })
})

describe('a date of a condition', () => {
  it('counts in each of the three formats of HTTP', async () => {
    const year = new Date(modifiedAtMs).getUTCFullYear()
    for (const since of [date(modifiedAtMs), `Friday, 31-Dec-${(year - 1) % 100} 23:59:59 GMT`]) {
      const isOld = since.includes('-')
      expect([since, (await read({ 'if-modified-since': since })).status]).toEqual([since, isOld ? 200 : 304])
    }
    const c = 'Sun Nov  6 08:49:37 1994'
    expect((await read({ 'if-unmodified-since': c })).status).toBe(412)
    expect((await read({ 'if-unmodified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' })).status).toBe(412)
  })

  it.each(['2037', 'tomorrow', 'Sun, 30 Feb 2020 08:49:37 GMT', '2020-01-01T00:00:00Z', '0', ''])(
    'that is none, as %j, is ignored',
    async (text) => {
      expect((await read({ 'if-modified-since': text })).status).toBe(200)
      expect((await read({ 'if-unmodified-since': text })).status).toBe(200)
    },
  )

  it('that is still to come is ignored, by reads and by copies', async () => {
    const tomorrow = date(Date.now() + dayMs)
    for (const method of ['GET', 'HEAD'])
      expect((await read({ 'if-modified-since': tomorrow }, {}, method)).status).toBe(200)
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/object` }
    const later = { CopySourceIfModifiedSince: new Date(Date.now() + dayMs) }
    await server.client().send(new CopyObjectCommand({ ...copy, ...later }))
    const now = { CopySourceIfModifiedSince: new Date(modifiedAtMs) }
    await expect(server.client().send(new CopyObjectCommand({ ...copy, ...now }))).rejects.toMatchObject({
      name: 'PreconditionFailed',
    })
  })
})

describe('a 304', () => {
  it('says how long the answer may be kept, as the whole answer does', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await read({ 'if-none-match': etag }, {}, method)
      const told = ['etag', 'cache-control', 'expires', 'content-type'].map((name) => headers.get(name))
      expect([status, ...told]).toEqual([304, etag, 'max-age=60', date(0), null])
      expect(headers.get('date')).not.toBeNull()
    }
    const chosen = await read({ 'if-none-match': etag }, { ResponseCacheControl: 'no-store' })
    expect([chosen.status, chosen.headers.get('cache-control')]).toEqual([304, 'no-store'])
  })
})

describe('a range', () => {
  it('of the last bytes of an empty object is that object', async () => {
    const answer = await read({ range: 'bytes=-1' }, { Key: 'empty' })
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([200, '', null])
    expect((await read({ range: 'bytes=-1' }, { Key: 'empty' }, 'HEAD')).status).toBe(200)
    for (const range of ['bytes=0-', 'bytes=-0', 'bytes=0-0'])
      expect([range, (await read({ range }, { Key: 'empty' })).status]).toEqual([range, 416])
  })

  it.each(['bytes= -1', 'bytes=0 -1', 'bytes=0- 1', 'bytes =0-1', 'bytes=5-2', 'bytes=-', 'chars=0-1'])(
    'that is none, as %j, is ignored',
    async (range) => {
      expect(await read({ range })).toMatchObject({ status: 200, text: '0123456789' })
    },
  )
})

describe('a header of the answer chosen by the query', () => {
  it('says nothing if it is empty', async () => {
    const { status, headers } = await read({}, { ResponseContentType: '', ResponseCacheControl: '' })
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'text/plain',
      'max-age=60',
    ])
  })
})
