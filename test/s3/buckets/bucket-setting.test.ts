/**
 * The behaviour that every bucket setting gets from its description: statuses, limits and errors, shown with an
 * invented one.
 */
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { textAt } from '#lib/text/xml.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { type BucketSetting, settingRows, xmlDocument } from '#s3/bucket/setting.ts'
import { errorResponse } from '#s3/error-response.ts'
import type { S3Request, Services } from '#s3/operation.ts'
import { createRequestBody } from '#s3/request/request-body.ts'
import { send } from '#s3/send.ts'

const values = new Map<string, string>()
const colour: BucketSetting<string> = {
  subresource: 'colour',
  get: { name: 'GetBucketColour', action: 's3:GetBucketColour' },
  put: { name: 'PutBucketColour', action: 's3:PutBucketColour', needsChecksum: true, maxBytes: 100 },
  delete: { name: 'DeleteBucketColour', action: 's3:PutBucketColour' },
  missing: 'NoSuchConfiguration',
  document: xmlDocument({
    root: 'Colour',
    parse(content) {
      const name = textAt(content, 'Name')
      if (name === undefined) throw new Error('A Name is needed')
      return name
    },
    format: (name) => ({ Name: name }),
  }),
  kept: {
    find: ({ name }) => values.get(name),
    put: async (value, { bucket }) => values.set(bucket.name, value),
    delete: async ({ bucket }) => values.delete(bucket.name),
  },
}
const rows = settingRows(colour)

async function serve<T>(use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(async (request, response) => {
    const row = rows.find(({ route }) => route.startsWith(`${request.method} `))
    const body = createRequestBody(request, request.headers, response, { kind: 'unsigned' }, 1024)
    const asked = { headers: request.headers, body, bucket: { name: 'bucket' } as Bucket } as S3Request
    const answer = await Promise.resolve(row?.run(asked, {} as Services)).catch((error: unknown) =>
      errorResponse(error, '/bucket', '1', '2'),
    )
    await send(response, request.method ?? '', answer ?? { status: 501 }, {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket?colour`)
  } finally {
    server.close()
  }
}

const digestOf = (text: string) => ({ 'content-md5': hash('md5', text, 'base64') })

describe('a bucket setting', () => {
  it('comes with its operations, routes and actions', () => {
    expect(rows.map(({ name, route, action }) => [name, route, action])).toEqual([
      ['GetBucketColour', 'GET bucket ?colour', 's3:GetBucketColour'],
      ['PutBucketColour', 'PUT bucket ?colour', 's3:PutBucketColour'],
      ['DeleteBucketColour', 'DELETE bucket ?colour', 's3:PutBucketColour'],
    ])
  })

  it('is put, read, deleted, and deleted again', () =>
    serve(async (url) => {
      const read = async () => {
        const answer = await fetch(url)
        return [answer.status, await answer.text()]
      }
      expect(await read()).toEqual([404, expect.stringMatching('<Code>NoSuchConfiguration<.*<BucketName>bucket<')])
      const put = await fetch(url, {
        method: 'PUT',
        body: '<Colour><Name>red</Name></Colour>',
        headers: digestOf('<Colour><Name>red</Name></Colour>'),
      })
      expect([put.status, await put.text()]).toEqual([200, ''])
      expect(await read()).toEqual([200, expect.stringContaining('<Name>red</Name></Colour>')])
      for (let times = 0; times < 2; times++) expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
      expect((await read())[0]).toBe(404)
    }))

  it.each([
    ['without a checksum', '<Colour/>', {}, '400 InvalidRequest'],
    ['without a body', '', digestOf(''), '400 MissingRequestBodyError'],
    ['with what is no XML', '<Colour>', digestOf('<Colour>'), '400 MalformedXML'],
    ['with another root', '<Color/>', digestOf('<Color/>'), '400 MalformedXML'],
    ['outside the schema', '<Colour/>', digestOf('<Colour/>'), '400 MalformedXML'],
    ['that is too large', ' '.repeat(101), digestOf(' '.repeat(101)), '400 MaxMessageLengthExceeded'],
    ['with another checksum', '<Colour/>', digestOf('<Color/>'), '400 BadDigest'],
  ])('is refused %s', (_title, body, headers, expected) =>
    serve(async (url) => {
      const answer = await fetch(url, { method: 'PUT', body, headers })
      const [, code] = /<Code>(\w+)</.exec(await answer.text()) ?? []
      expect(`${answer.status} ${code}`).toBe(expected)
    }),
  )
})
