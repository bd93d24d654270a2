/** Mistakes of other servers that allowed requests without permission. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, startTestApi, type TestApi } from '../../input/api.ts'

let api: TestApi
let versionId = ''
let uploadId = ''

async function setPolicy(bucket: string, statement: object): Promise<void> {
  const body = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] })
  const answer = await api.ask({ line: `PUT /${bucket}?policy`, body })
  if (answer.status !== 204) throw new Error(answer.body)
}

beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'private,versioned' })
  await api.ask({ line: 'PUT /private/object', body: 'private' })
  await api.ask({
    line: 'PUT /versioned?versioning',
    body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  })
  versionId = (await api.ask({ line: 'PUT /versioned/object', body: 'content' })).headers['x-amz-version-id'] ?? ''
  await api.ask({ line: 'PUT /theirs', as: 'other' })
  const upload = await api.ask({ line: 'POST /theirs/upload?uploads', as: 'other' })
  uploadId = /<UploadId>(\w+)</.exec(upload.body)?.[1] ?? ''
})
afterAll(() => api.close())

describe('CVE-2026-39360: a copy needs the right to read its source', () => {
  it.each<[string, () => Asked]>([
    ['CopyObject', () => ({ line: 'PUT /theirs/copy' })],
    ['UploadPartCopy', () => ({ line: `PUT /theirs/upload?partNumber=1&uploadId=${uploadId}` })],
  ])('%s', async (_name, asked) => {
    const copy = (source: string) => api.ask({ ...asked(), as: 'other', headers: { 'x-amz-copy-source': source } })
    expect((await copy('/private/object')).code).toBe('AccessDenied')
    // The answer does not reveal whether it exists either.
    expect((await copy('/private/absent')).code).toBe('AccessDenied')
  })
})

describe('GHSA-3ppv-fx5m-m749: versions have permissions of their own', () => {
  it.each([
    ['GET', 's3:GetObject', 's3:GetObjectVersion'],
    ['HEAD', 's3:GetObject', 's3:GetObjectVersion'],
    ['DELETE', 's3:DeleteObject', 's3:DeleteObjectVersion'],
  ])('%s by version id needs another than %s', async (method, plain, versioned) => {
    const line = `${method} /versioned/object?versionId=${versionId}`
    const Resource = 'arn:aws:s3:::versioned/*'
    await setPolicy('versioned', { Principal: '*', Action: plain, Resource })
    expect((await api.ask({ line, as: 'anonymous' })).status).toBe(403)
    await setPolicy('versioned', { Principal: '*', Action: versioned, Resource })
    expect((await api.ask({ line, as: 'anonymous' })).status).toBeLessThan(300)
  })

  it('CopyObject from a version', async () => {
    const source = (await api.ask({ line: 'PUT /versioned/again', body: 'content' })).headers['x-amz-version-id']
    await setPolicy('versioned', { Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::versioned/*' })
    const copy = (from: string) =>
      api.ask({ line: 'PUT /theirs/copy', as: 'other', headers: { 'x-amz-copy-source': from } })
    expect((await copy(`/versioned/again?versionId=${source}`)).code).toBe('AccessDenied')
    expect((await copy('/versioned/again')).status).toBe(200)
  })
})

describe('CVE-2024-36107: strangers learn nothing of a private key', () => {
  const conditions: Record<string, string>[] = [
    {},
    { 'if-none-match': '*' },
    { 'if-match': '"0"' },
    { 'if-modified-since': new Date(Date.now() + 60_000).toUTCString() },
    { 'if-unmodified-since': new Date(0).toUTCString() },
    { range: 'bytes=100-' },
  ]
  it.each(conditions)('with %j', async (headers) => {
    for (const method of ['GET', 'HEAD']) {
      const there = await api.ask({ line: `${method} /private/object`, as: 'anonymous', headers })
      const absent = await api.ask({ line: `${method} /private/absent`, as: 'anonymous', headers })
      expect([there.status, there.code, there.message]).toEqual([403, absent.code, absent.message])
      expect(there.headers.etag ?? there.headers['last-modified']).toBeUndefined()
    }
  })

  it('and who may read but not list is not told what is absent', async () => {
    await setPolicy('private', { Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::private/*' })
    expect((await api.ask({ line: 'GET /private/absent', as: 'anonymous' })).code).toBe('AccessDenied')
    await api.ask({ line: 'DELETE /private?policy' })
  })
})

describe('what only looks like a credential has no effect', () => {
  it.each([
    { userid: 'main' },
    { groups: 'admin' },
    { username: 'main' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-amz-request-payer': 'requester' },
    { 'x-minio-root': 'true' },
    { 'x-myfsio-principal': 'main' },
    { 'x-access-key': 'main' },
    { cookie: 'session=main' },
  ])('GHSA-6r96-hmgc-726c: %j', async (headers) => {
    const asked = { line: 'GET /private/object', as: 'anonymous', headers: headers as Record<string, string> } as const
    expect((await api.ask(asked)).code).toBe('AccessDenied')
  })

  it.each([
    'x-minio-replication-server-side-encryption-sealed-key',
    'x-minio-internal-crc',
    'x-myfsio-place',
    'x-myfsio-version-id',
  ])('CVE-2026-34204: %s leaves no trace in an object', async (name) => {
    await api.ask({ line: 'PUT /private/headers', body: 'content', headers: { [name]: '../../etc' } })
    const read = await api.ask({ line: 'GET /private/headers' })
    expect([read.status, read.body, read.headers[name]]).toEqual([200, 'content', undefined])
  })
})

it.each([
  '/metrics',
  '/debug/pprof',
  '/profile',
  '/env',
  '/.env',
  '/_/',
  '/_/status',
  '/_/decisions',
  '/minio/admin/v3/info',
  '/minio/bootstrap/v1/verify',
  '/server-status',
  '/actuator/env',
  '/.myfsio.sys/config/iam.json',
  '/healthz/../.myfsio.sys',
  '/minio/health/live/x',
])('CVE-2023-28432: %s tells strangers nothing of this server', async (path) => {
  for (const method of ['GET', 'POST']) {
    const answer = await api.ask({ line: `${method} ${path}`, as: 'anonymous' })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.body).not.toMatch(/main-secret|SECRET|PATH=|node_modules|\.ts:|\/tmp\//)
  }
})

it.each([
  'GET /_/status',
  'GET /_/decisions',
  'GET /_/decisions/0000000000000000',
  'GET /_/used-actions?key=main',
  'POST /_/explain',
  'GET /bucket-policy/private',
  'PUT /bucket-policy/private',
  'DELETE /bucket-policy/private',
  'POST /presign/private/object',
])(
  'GHSA-jqmc GHSA-f5cv GHSA-796f: %s is closed to strangers, to who has no rights, and to other accounts',
  async (line) => {
    for (const as of ['anonymous', 'nobody', 'other'] as const) {
      const answer = await api.ask({ line, as, ...(line.startsWith('GET') ? {} : { body: '{}' }) })
      // Other accounts may request what concerns them.
      const isTheirs = as === 'other' && line === 'GET /_/decisions'
      expect([line, as, isTheirs || answer.status >= 400]).toEqual([line, as, true])
      expect(answer.body).not.toMatch(/-secret|"Statement"/)
    }
  },
)

describe('what ACLs and policies open, and what closes it', () => {
  const statusOf = async (line: string, as: Asked['as'] & string) => (await api.ask({ line, as })).status

  beforeAll(async () => {
    const acl = { 'x-amz-object-ownership': 'ObjectWriter' }
    await api.ask({ line: 'PUT /opened', headers: acl })
    await api.ask({ line: 'PUT /opened?acl', headers: { 'x-amz-acl': 'authenticated-read' } })
    await api.ask({ line: 'PUT /opened/object', body: 'x', headers: { 'x-amz-acl': 'authenticated-read' } })
    await api.ask({ line: 'PUT /restricted' })
    await api.ask({ line: 'PUT /restricted/object', body: 'x' })
  })

  it('CVE-2016-7031: authenticated-read is for who has signed, not for everyone', async () => {
    for (const line of ['GET /opened', 'GET /opened?list-type=2', 'GET /opened?versions', 'GET /opened/object']) {
      expect([line, await statusOf(line, 'anonymous'), await statusOf(line, 'other')]).toEqual([line, 403, 200])
    }
  })

  it('GHSA-x298-9x87-fvjq: RestrictPublicBuckets closes every way to list and read', async () => {
    const Action = ['s3:ListBucket', 's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:GetObject']
    const Resource = ['arn:aws:s3:::restricted', 'arn:aws:s3:::restricted/*']
    await setPolicy('restricted', { Principal: '*', Action, Resource })
    const lines = ['', '?list-type=2', '?versions', '?uploads', '/object'].map((path) => `GET /restricted${path}`)
    for (const line of lines) expect([line, await statusOf(line, 'anonymous')]).toEqual([line, 200])
    const name = 'PublicAccessBlockConfiguration'
    const body = `<${name}><RestrictPublicBuckets>true</RestrictPublicBuckets></${name}>`
    expect((await api.ask({ line: 'PUT /restricted?publicAccessBlock', body })).status).toBe(200)
    for (const line of lines) {
      const statuses = [await statusOf(line, 'anonymous'), await statusOf(line, 'other'), await statusOf(line, 'main')]
      expect([line, ...statuses]).toEqual([line, 403, 403, 200])
    }
  })
})

it('seaweedfs#7469 seaweedfs#8516: no policy is accepted that would not be enforced', async () => {
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::private/*' }
  const put = (changes: object) =>
    api.ask({
      line: 'PUT /private?policy',
      body: JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...changes }] }),
    })
  expect((await put({ Condition: { NoSuchOperator: { 'aws:SourceIp': '10.0.0.0/8' } } })).code).toBe('MalformedPolicy')
  expect((await put({ Action: 's3:' })).code).toBe('MalformedPolicy')
  expect((await api.ask({ line: 'GET /private/object', as: 'anonymous' })).code).toBe('AccessDenied')
})
