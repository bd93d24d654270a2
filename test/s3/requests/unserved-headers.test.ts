/**
 * A header of a feature that this server does not have is refused on every operation that accepts it on AWS, and
 * nothing is done.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, startTestApi, type TestApi } from '../../input/api.ts'

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
const operations: Readonly<Record<string, Asked>> = {
  PutObject: { line: 'PUT /bucket/new', body: 'x' },
  CopyObject: { line: 'PUT /bucket/new', headers: copied },
  CreateMultipartUpload: { line: 'POST /bucket/new?uploads' },
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

const asking: readonly (readonly [header: string, value: string, operations: readonly string[]])[] = [
  ['x-amz-mfa', 'serial 123456', ['DeleteObject', 'DeleteObjects', 'PutBucketVersioning']],
  ['if-modified-since', 'Fri, 24 Nov 2000 00:00:00 GMT', ['RenameObject']],
  ['if-unmodified-since', 'Fri, 24 Nov 2000 00:00:00 GMT', ['RenameObject']],
]
const cases = asking.flatMap(([header, value, names]) => names.map((name) => [name, header, value] as const))

/** Everything that these operations could have changed. */
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
    expect([answer.status, answer.code]).toEqual([501, 'NotImplemented'])
    expect(answer.body).toContain(`<Header>${header}</Header>`)
    expect(await state()).toEqual(before)
  })

  it('in the query of a presigned URL as well', async () => {
    const line = `DELETE /bucket/object?x-amz-mfa=${encodeURIComponent('serial 123456')}`
    expect((await api.ask({ line, as: 'presigned' })).code).toBe('NotImplemented')
  })
})

it('a header that changes nothing where nothing is paid for is passed over, as in S3', async () => {
  const headers = { 'x-amz-request-payer': 'requester' }
  expect((await api.ask({ line: 'GET /bucket/object', headers })).body).toBe('content')
  expect((await api.ask({ line: 'DELETE /bucket/absent', headers })).status).toBe(204)
})
