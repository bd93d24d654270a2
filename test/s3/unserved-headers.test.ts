/** A header that asks for what is not served is refused on every operation that AWS takes it on, and nothing is done. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openFilesBelow } from '../faults/open-files.ts'
import { type Asked, startTestApi, type TestApi } from '../input/api.ts'

let api: TestApi
let uploadId = ''
beforeAll(async () => {
  api = await startTestApi()
  await api.ask({ line: 'PUT /bucket' })
  await api.ask({ line: 'PUT /bucket/object', body: 'content' })
  uploadId = /<UploadId>(\w+)</.exec((await api.ask({ line: 'POST /bucket/upload?uploads' })).body)?.[1] ?? ''
  await api.ask({ line: `PUT /bucket/upload?partNumber=1&uploadId=${uploadId}`, body: 'part' })
})
afterAll(() => api.close())

const copied = { 'x-amz-copy-source': '/bucket/object' }
const upload = (rest = '') => `/bucket/upload?uploadId={upload}${rest}`
const deletion = '<Delete><Object><Key>object</Key></Object></Delete>'
const completion = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${createHash('md5').update('part').digest('hex')}</ETag></Part></CompleteMultipartUpload>`
const operations: Readonly<Record<string, Asked>> = {
  PutObject: { line: 'PUT /bucket/new', body: 'x' },
  CopyObject: { line: 'PUT /bucket/new', headers: copied },
  CreateMultipartUpload: { line: 'POST /bucket/new?uploads' },
  UploadPart: { line: `PUT ${upload('&partNumber=2')}`, body: 'x' },
  UploadPartCopy: { line: `PUT ${upload('&partNumber=2')}`, headers: copied },
  CompleteMultipartUpload: { line: `POST ${upload()}`, body: completion },
  ListParts: { line: `GET ${upload()}` },
  GetObject: { line: 'GET /bucket/object' },
  HeadObject: { line: 'HEAD /bucket/object' },
  GetObjectAttributes: { line: 'GET /bucket/object?attributes', headers: { 'x-amz-object-attributes': 'ETag' } },
  RenameObject: { line: 'PUT /bucket/new?renameObject', headers: { 'x-amz-rename-source': '/bucket/object' } },
  DeleteObject: { line: 'DELETE /bucket/object' },
  DeleteObjects: {
    line: 'POST /bucket?delete',
    headers: { 'content-md5': createHash('md5').update(deletion).digest('base64') },
    body: deletion,
  },
  PutBucketVersioning: {
    line: 'PUT /bucket?versioning',
    body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  },
  CreateBucket: { line: 'PUT /new-bucket' },
}

const writes = ['PutObject', 'CopyObject', 'CreateMultipartUpload']
const parts = ['UploadPart', 'UploadPartCopy', 'CompleteMultipartUpload', 'ListParts']
const reads = ['GetObject', 'HeadObject', 'GetObjectAttributes']
const key = Buffer.alloc(32, 'k')
const keyOf = (prefix: string): [string, string][] => [
  [`${prefix}-algorithm`, 'AES256'],
  [`${prefix}-key`, key.toString('base64')],
  [`${prefix}-key-md5`, createHash('md5').update(key).digest('base64')],
]
const asking: readonly (readonly [header: string, value: string, operations: readonly string[]])[] = [
  ...keyOf('x-amz-server-side-encryption-customer').map(
    ([name, value]) => [name, value, [...writes, ...parts, ...reads]] as const,
  ),
  ...keyOf('x-amz-copy-source-server-side-encryption-customer').map(
    ([name, value]) => [name, value, ['CopyObject', 'UploadPartCopy']] as const,
  ),
  ['x-amz-server-side-encryption', 'AES256', writes],
  ['x-amz-server-side-encryption', 'aws:kms', writes],
  ['x-amz-server-side-encryption-aws-kms-key-id', 'alias/x', writes],
  ['x-amz-server-side-encryption-context', 'e30=', writes],
  ['x-amz-server-side-encryption-bucket-key-enabled', 'true', writes],
  ['x-amz-mfa', 'serial 123456', ['DeleteObject', 'DeleteObjects', 'PutBucketVersioning']],
  ['if-modified-since', 'Fri, 24 Nov 2000 00:00:00 GMT', ['RenameObject']],
  ['if-unmodified-since', 'Fri, 24 Nov 2000 00:00:00 GMT', ['RenameObject']],
]
const cases = asking.flatMap(([header, value, names]) => names.map((name) => [name, header, value] as const))

/** All that these operations could have changed. */
async function state(): Promise<unknown> {
  const lines = ['GET /', 'GET /bucket?versions', 'GET /bucket?uploads', 'GET /bucket?versioning', `GET ${upload()}`]
  const lists = await Promise.all(lines.map((line) => api.ask({ line: line.replace('{upload}', uploadId) })))
  return [...lists.map(({ body }) => body), api.files()]
}

describe('is refused', () => {
  it.each(cases)('%s with %s: %s', async (name, header, value) => {
    const { line, ...asked } = operations[name] ?? { line: '' }
    const before = await state()
    const answer = await api.ask({
      ...asked,
      line: line.replace('{upload}', uploadId),
      headers: { ...asked.headers, [header]: value },
    })
    expect([answer.status, answer.code]).toEqual([501, name === 'HeadObject' ? '' : 'NotImplemented'])
    if (name !== 'HeadObject') expect(answer.body).toContain(`<Header>${header}</Header>`)
    expect(await state()).toEqual(before)
  })

  it('and leaves no file open where access lists had the object opened before', async () => {
    await api.ask({ line: 'PUT /listed', headers: { 'x-amz-object-ownership': 'ObjectWriter' } })
    await api.ask({ line: 'PUT /listed/large', body: Buffer.alloc(200_000, 'x') })
    await api.ask({ line: 'GET /listed/large' })
    const asked = {
      line: 'GET /listed/large',
      headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    }
    for (let times = 0; times < 5; times++) expect((await api.ask(asked)).code).toBe('NotImplemented')
    await vi.waitFor(() => expect(openFilesBelow(join(api.root, 'listed'))).toEqual([]), 10_000)
  })

  it('in the query of a presigned URL as well', async () => {
    const query = 'x-amz-server-side-encryption-customer-algorithm=AES256'
    const put = { as: 'presigned', body: 'x' } as const
    expect((await api.ask({ ...put, line: `PUT /bucket/new?${query}` })).code).toBe('NotImplemented')
    expect((await api.ask({ as: 'presigned', line: `GET /bucket/object?${query}` })).code).toBe('NotImplemented')
  })
})

it('a header that changes nothing where nothing is paid for is passed over, as in S3', async () => {
  const headers = { 'x-amz-request-payer': 'requester' }
  expect((await api.ask({ line: 'GET /bucket/object', headers })).body).toBe('content')
  expect((await api.ask({ line: 'DELETE /bucket/absent', headers })).status).toBe(204)
})
