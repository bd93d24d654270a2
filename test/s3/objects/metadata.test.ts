/** User metadata on the wire: RFC 2047 where it is not ASCII, and repeated headers. */
import http from 'node:http'
import { CopyObjectCommand, CreateBucketCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'metadata'
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => server.close())

const read = async (Key: string) => (await server.client().send(new HeadObjectCommand({ Bucket, Key }))).Metadata
async function keep(value: string): Promise<string | undefined> {
  await server.client().send(new PutObjectCommand({ Bucket, Key: 'kept', Metadata: { text: value } }))
  return (await read('kept'))?.text
}
/** As header text, which holds bytes. */
const bytes = (text: string) => Buffer.from(text).toString('latin1')

it.each([
  ['plain', 'plain'],
  ['a = b_c ? d', 'a = b_c ? d'],
  [bytes('grüße'), '=?UTF-8?Q?gr=C3=BC=C3=9Fe?='],
  [bytes('a = b_c? — é'), '=?UTF-8?Q?a_=3D_b=5Fc=3F_=E2=80=94_=C3=A9?='],
  ['ä', '=?UTF-8?Q?=C3=A4?='],
  ['=?UTF-8?Q?gr=C3=BC=C3=9Fe?=', '=?UTF-8?Q?gr=C3=BC=C3=9Fe?='],
  ['=?utf-8?b?Z3LDvMOfZQ==?=', '=?UTF-8?Q?gr=C3=BC=C3=9Fe?='],
  ['=?ISO-8859-1?Q?gr=FC=DFe?=', '=?UTF-8?Q?gr=C3=BC=C3=9Fe?='],
  ['=?UTF-8?Q?only_ASCII?=', 'only ASCII'],
  ['=?UTF-8?B?YWJj?=', 'abc'],
  ['before =?UTF-8?Q?=C3=A4?= =?UTF-8?Q?=C3=B6?= after', '=?UTF-8?Q?before_=C3=A4=C3=B6_after?='],
  // Unprintable characters are sent as Base64: a header has no line ends.
  ['=?UTF-8?Q?a=0D=0Ab?=', '=?UTF-8?B?YQ0KYg==?='],
  ['=?UTF-8?B?=GGG?=', '=?UTF-8?B?=GGG?='],
  ['=?no-such-set?Q?a?=', '=?no-such-set?Q?a?='],
])('metadata %j is read as %j', async (sent, told) => {
  expect(await keep(sent)).toBe(told)
})

it('is the same after it was copied, and after it was sent back as it was told', async () => {
  const told = await keep(bytes('grüße'))
  await server.client().send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/kept` }))
  expect((await read('copy'))?.text).toBe(told)
  expect(await keep(told ?? '')).toBe(told)
})

it('of a form is kept as it is written there', async () => {
  const Fields = { 'x-amz-meta-word': '=?UTF-8?Q?only_ASCII?=', 'x-amz-meta-text': 'grüße' }
  const Conditions = Object.entries(Fields).map(([name, value]) => ({ [name]: value }))
  const post = await createPresignedPost(server.client(), { Bucket, Key: 'form', Fields, Conditions })
  const form = new FormData()
  for (const [name, value] of Object.entries(post.fields)) form.append(name, value)
  form.append('file', new Blob(['x']), 'x')
  expect((await fetch(post.url, { method: 'POST', body: form })).status).toBe(204)
  expect(await read('form')).toEqual({ word: '=?UTF-8?Q?only_ASCII?=', text: '=?UTF-8?Q?gr=C3=BC=C3=9Fe?=' })
})

it('of a header that came twice is joined by a comma', async () => {
  const command = new PutObjectCommand({ Bucket, Key: 'twice', Metadata: { list: 'one,two' } })
  const url = await getSignedUrl(server.client(), command, { unhoistableHeaders: new Set(['x-amz-meta-list']) })
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = [
      'Host',
      new URL(url).host,
      'x-amz-meta-list',
      'one',
      'X-Amz-Meta-List',
      'two',
      'content-length',
      '0',
    ]
    const request = http.request(url, { method: 'PUT', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject).end()
  })
  expect(status).toBe(200)
  expect(await read('twice')).toEqual({ list: 'one,two' })
})
