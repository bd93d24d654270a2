/** The URL of an object that has been written is the one its writer can use: by path or by host. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'
import { signHeaders } from '../../input/signer.ts'
import { exchange, format } from '../../input/wire.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ VIRTUAL_HOST_DOMAINS: 's3.test' })
  await api.ask({ line: 'PUT /bucket' })
  const open = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::bucket/*' }
  await api.ask({ line: 'PUT /bucket?policy', body: JSON.stringify({ Version: '2012-10-17', Statement: [open] }) })
})
afterAll(() => api.close())

function ask(host: string, line: string, body = '', more: [string, string][] = []) {
  const [method = '', target = ''] = line.split(' ')
  const headers: [string, string][] = [['Host', host], ['Content-Length', String(Buffer.byteLength(body))], ...more]
  const request = { method, target, headers, body: Buffer.from(body) }
  const keys = { accessKeyId: 'main', secret: 'main-secret' }
  return exchange(api.port, format(more.length > 0 ? request : signHeaders(request, keys)))
}

const places = [
  ['127.0.0.1:5000', '/bucket', 'http://127.0.0.1:5000/bucket'],
  ['s3.test', '/bucket', 'http://s3.test/bucket'],
  ['bucket.s3.test', '', 'http://bucket.s3.test'],
  ['bucket.localhost:5000', '', 'http://bucket.localhost:5000'],
] as const

it.each(places)('completed at %s%s: %s', async (host, path, url) => {
  const begun = await ask(host, `POST ${path}/a%20b/c?uploads`)
  const id = /<UploadId>(\w+)</.exec(begun.body)?.[1]
  await ask(host, `PUT ${path}/a%20b/c?partNumber=1&uploadId=${id}`, 'part')
  const etag = createHash('md5').update('part').digest('hex')
  const parts = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`
  const { body } = await ask(host, `POST ${path}/a%20b/c?uploadId=${id}`, parts)
  expect(/<Location>([^<]*)</.exec(body)?.[1]).toBe(`${url}/a%20b/c`)
})

it.each(places)('posted at %s%s: %s', async (host, path, url) => {
  const field = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`
  const form = (status: string) =>
    `${field('"key"', 'a b/c')}${field('"success_action_status"', status)}${field('"file"; filename="f"', 'x')}--b--\r\n`
  const type: [string, string] = ['Content-Type', 'multipart/form-data; boundary=b']
  for (const status of ['201', '204']) {
    const answer = await ask(host, `POST ${path || '/'}`, form(status), [type])
    expect([answer.status, answer.headers.location]).toEqual([Number(status), `${url}/a%20b/c`])
    if (status === '201') expect(/<Location>([^<]*)</.exec(answer.body)?.[1]).toBe(`${url}/a%20b/c`)
  }
})
