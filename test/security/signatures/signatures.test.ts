/** Mistakes of other servers in authentication. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations } from '#s3/operations.ts'
import { type Asked, startTestApi, type TestApi } from '../../input/api.ts'
import { bodyModes, sendChunks } from '../../input/send-chunks.ts'
import { encodeKey } from '../../input/signer.ts'

let api: TestApi
let uploadId = ''
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,other' })
  await api.ask({ line: 'PUT /bucket/object', body: 'content' })
  uploadId = /<UploadId>(\w+)</.exec((await api.ask({ line: 'POST /bucket/upload?uploads' })).body)?.[1] ?? ''
})
afterAll(() => api.close())

const chunks = [Buffer.from('first'), Buffer.from('second')]
const trailer = { name: 'x-amz-checksum-crc32', value: 'AAAAAA==' }

describe.each(['PUT /bucket/new', 'PUT /bucket/upload?partNumber=1&uploadId={upload}'])('%s', (template) => {
  const line = () => template.replace('{upload}', uploadId)

  it.each(bodyModes)('CVE-2025-31489 GHSA-wg47-6jq2-q2hh: verifies the signature before a body as %s', async (mode) => {
    const before = api.files()
    const wrong = await sendChunks(api, { line: line(), mode, chunks, trailer, signing: { secret: 'wrong' } })
    expect(wrong.code).toBe('SignatureDoesNotMatch')
    expect(api.files()).toBe(before)
  })

  it.each(['', '&X-Amz-Signature=', '&X-Amz-Signature=00', '&X-Amz-Algorithm=AWS4-HMAC-SHA256'])(
    'CVE-2026-41145 GHSA-hv4r-mvr4-25vw: takes no credential in the query for a signature (%s)',
    async (rest) => {
      const before = api.files()
      const query = `X-Amz-Credential=main%2F20261124%2Fus-east-1%2Fs3%2Faws4_request${rest}`
      const target = `${line()}${line().includes('?') ? '&' : '?'}${query}`
      const mode = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
      const answer = await sendChunks(api, { line: target, mode, chunks, trailer, as: 'anonymous' })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(404)
      expect(api.files()).toBe(before)
    },
  )

  it.each(bodyModes)('seaweedfs#2180 seaweedfs#7912: asks for permission whatever the body: %s', async (mode) => {
    expect((await sendChunks(api, { line: line(), mode, chunks, trailer, as: 'reader' })).code).toBe('AccessDenied')
    expect((await sendChunks(api, { line: line(), mode: bodyModes[2], chunks, trailer, as: 'anonymous' })).code).toBe(
      'AccessDenied',
    )
  })

  it.each([
    ['a chunk was changed', { changedChunk: 1 }],
    ['chunks came in another order', { swapped: true }],
    ['the last chunk was dropped', { withoutLastChunk: true, trailer: '' }],
  ])('CVE-2021-21390: commits nothing when %s', async (_title, spoiling) => {
    const before = api.files()
    const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
    expect((await sendChunks(api, { line: line(), mode, chunks, spoiling })).code).toMatch(
      /SignatureDoesNotMatch|IncompleteBody/,
    )
    expect(api.files()).toBe(before)
  })
})

/** A request that would reach each operation. */
const requests = operations
  .filter((row) => row.name !== 'PostObject')
  .map((row): [string, Asked] => {
    const [method = '', kind = '', ...markers] = row.route.split(' ')
    const query = markers.flatMap((one) => (one.startsWith('?') ? [one.slice(1).replace(/=$/, '=1')] : []))
    const header = markers.find((one) => one.startsWith('['))?.slice(1, -1)
    const tags = '/v20180820/tags/arn:aws:s3:::bucket'
    const path = { service: '/', bucket: '/bucket', object: '/bucket/object', tags }[kind]
    const headers =
      kind === 'tags'
        ? { 'x-amz-account-id': '000000000000' }
        : header === undefined
          ? {}
          : { [header]: '/bucket/object' }
    return [row.name, { line: `${method} ${path}?${query.join('&')}`, headers }]
  })

/** An anonymous list of buckets is empty; other operations need a body or query that these requests lack. */
const answersToStrangers: Readonly<Record<string, number>> = {
  ListBuckets: 200,
  DeleteObjects: 400,
  TagResource: 400,
  UntagResource: 400,
}

describe('CVE-2026-40344 GHSA-9c4q-hq6p-c237: every operation, through every door', () => {
  it.each(requests)('%s is closed to wrong secrets, unknown keys and strangers', async (name, asked) => {
    const before = api.files()
    const { headers } = asked
    const anonymous = (more: object): Partial<Asked> => ({ as: 'anonymous', headers: { ...headers, ...more } })
    const doors: Partial<Asked>[] = [
      { signing: { secret: 'wrong' } },
      { signing: { accessKeyId: 'unknown' } },
      anonymous({ 'x-access-key': 'unknown', 'x-secret-key': 'wrong' }),
      anonymous({ date: new Date().toUTCString(), authorization: 'AWS main:AAAA' }),
    ]
    // Headers of a presigned request would have to be signed as well.
    if (Object.keys(headers ?? {}).length === 0) doors.push({ as: 'presigned', signing: { secret: 'wrong' } })
    const { isUnserved, isRefused } = operations.find((row) => row.name === name) ?? {}
    // They are the same for every row: one is enough where nothing is done behind it.
    if (isUnserved) doors.splice(1)
    const status = async (more: Partial<Asked>) => (await api.ask({ ...asked, ...more })).status
    expect(await Promise.all(doors.map(status))).toEqual(doors.map(() => 403))
    // Operations that are not served, or refused, answer so to everyone; the rest need a permission.
    const expected = isUnserved ? 501 : isRefused ? 405 : (answersToStrangers[name] ?? 403)
    expect(await status({ as: 'anonymous' })).toBe(expected)
    expect(api.files()).toBe(before)
  })
})

describe('canonicalisation', () => {
  const pieces = [
    '//',
    '/',
    '..',
    './',
    '+',
    ' ',
    '%',
    '%2F',
    '%20',
    'é',
    'é',
    '日本',
    '🙂',
    "!*'()",
    '&=?#',
    ';:@,$',
    '~',
    '\\',
    '"<>',
    '^`{}|[]',
  ]
  const corpus = pieces.flatMap((one) => pieces.slice(0, 10).map((other) => `${one}k${other}`)).slice(0, 200)

  it('chimera#500 versitygw#2274 nginx-s3-gateway#578: 200 nasty keys are written, read and listed as themselves', async () => {
    for (let at = 0; at < corpus.length; at += 20) {
      await Promise.all(
        corpus.slice(at, at + 20).map(async (key) => {
          expect((await api.ask({ line: `PUT /other/${encodeKey(key)}`, body: key })).status, key).toBe(200)
          expect((await api.ask({ line: `GET /other/${encodeKey(key)}` })).body).toBe(key)
        }),
      )
    }
    const listed = await api.ask({ line: 'GET /other?list-type=2&encoding-type=url' })
    const keys = [...listed.body.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => decodeURIComponent(match[1] ?? ''))
    expect(keys.sort()).toEqual([...new Set(corpus)].sort())
  })

  it('CVE-2026-42882: two spellings of a key are one object, for the policy and for the store', async () => {
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/secret/*',
    }
    await api.ask({ line: 'PUT /bucket/secret/file', body: 'secret' })
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
    expect((await api.ask({ line: 'PUT /bucket?policy', body: policy })).status).toBe(204)
    for (const path of ['secret/file', 'secret%2Ffile', 'secret%2ffile', '%73ecret/file', 's%65cret%2Ffil%65']) {
      const { status, body } = await api.ask({ line: `GET /bucket/${path}` })
      expect([path, status, body.includes('<Code>AccessDenied')]).toEqual([path, 403, true])
    }
    // Other keys, which do not exist: no path is ever resolved.
    for (const path of ['/secret/file', 'x/../secret/file', './secret/file', 'SECRET/file']) {
      expect((await api.ask({ line: `GET /bucket/${path}` })).code).toBe('NoSuchKey')
    }
    await api.ask({ line: 'DELETE /bucket?policy' })
  })
})

describe('what a signature does not cover', () => {
  it.each([
    'x-amz-acl',
    'x-amz-copy-source',
    'x-amz-meta-a',
    'x-amz-tagging',
    'x-amz-storage-class',
    'x-amz-security-token',
  ])('%s added to a presigned URL is refused', async (name) => {
    const before = api.files()
    const answer = await api.ask({
      line: 'PUT /bucket/object',
      as: 'presigned',
      headers: { [name]: '/bucket/other' },
      body: 'x',
    })
    expect(answer.code).toBe('AccessDenied')
    expect(api.files()).toBe(before)
  })

  it('localstack#9538: presigned URLs expire', async () => {
    const asked = { line: 'GET /bucket/object', as: 'presigned', signing: { nowMs: Date.now() - 901_000 } } as const
    expect((await api.ask(asked)).message).toBe('Request has expired')
  })
})

it.each([
  ['POST /presign/bucket/object', '{}'],
  ['GET /bucket-policy/bucket', undefined],
  ['PUT /bucket-policy/bucket', '{}'],
  ['DELETE /bucket-policy/bucket', undefined],
])('CVE-2020-11012: %s needs the secret, not only a key that is known', async (line, body) => {
  const more = body === undefined ? {} : { body }
  expect((await api.ask({ line, ...more, signing: { secret: 'wrong' } })).code).toBe('SignatureDoesNotMatch')
  expect((await api.ask({ line, ...more, as: 'anonymous' })).status).toBe(403)
  expect((await api.ask({ line, ...more, as: 'nobody' })).code).toBe('AccessDenied')
})

it('GHSA-3p3x-734c-h5vx: a wrong secret and an unknown key are told the same, in plain headers', async () => {
  const ask = (key: string) =>
    api.ask({ line: 'GET /', as: 'anonymous', headers: { 'x-access-key': key, 'x-secret-key': 'wrong' } })
  const [known, unknown] = [await ask('other'), await ask('another')]
  expect([known.status, known.code, known.message]).toEqual([unknown.status, unknown.code, unknown.message])
})
