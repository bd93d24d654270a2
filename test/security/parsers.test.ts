/** Input made to break parsers: documents, forms, requests. The server answers and keeps working. */
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../input/api.ts'
import { exchange } from '../input/wire.ts'

let api: TestApi
let files = ''
const uncaught: unknown[] = []
const note = (error: unknown) => uncaught.push(error)
beforeAll(async () => {
  process.on('uncaughtExceptionMonitor', note)
  process.on('unhandledRejection', note)
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket' })
  const open = {
    Effect: 'Allow',
    Principal: '*',
    Action: ['s3:PutObject', 's3:GetObject'],
    Resource: 'arn:aws:s3:::bucket/*',
  }
  await api.ask({ line: 'PUT /bucket?policy', body: JSON.stringify({ Version: '2012-10-17', Statement: [open] }) })
  files = api.files()
})
afterEach(async () => {
  expect((await api.ask({ line: 'HEAD /bucket' })).status).toBe(200)
  expect(uncaught).toEqual([])
})
afterAll(async () => {
  process.off('uncaughtExceptionMonitor', note).off('unhandledRejection', note)
  await api.close()
})

describe('documents', () => {
  const send = async (body: string) => {
    const startedAt = performance.now()
    const answer = await api.ask({ line: 'PUT /bucket?versioning', body })
    return { answer, ms: performance.now() - startedAt }
  }
  const repeat = (text: string, bytes = 1024 * 1024) => text.repeat(Math.floor(bytes / text.length))

  it.each([
    [
      'CVE-2026-26278',
      'an entity repeated',
      `<!DOCTYPE a [<!ENTITY x "${'x'.repeat(1000)}">]><a>${'&x;'.repeat(1000)}</a>`,
    ],
    [
      'CVE-2026-33036',
      'numeric references',
      `<VersioningConfiguration><Status>${repeat('&#65;')}</Status></VersioningConfiguration>`,
    ],
    [
      'CVE-2026-33036',
      'hexadecimal references',
      `<VersioningConfiguration><Status>${repeat('&#x41;')}</Status></VersioningConfiguration>`,
    ],
    ['CVE-2026-33349', 'a limit of nothing', `<!DOCTYPE a [<!ENTITY a ""><!ENTITY b "&a;&a;">]><a>&b;</a>`],
    [
      'CVE-2020-12059',
      'an empty element where one is needed',
      '<VersioningConfiguration><Status/></VersioningConfiguration>',
    ],
    ['depth', 'a hundred thousand levels', `${'<a>'.repeat(100_000)}`],
    ['breadth', 'empty elements', `<a>${repeat('<b/>')}</a>`],
    ['attributes', 'on one element', `<a ${repeat('b="" ')}/>`],
    ['names', 'of Object.prototype', '<__proto__><constructor><prototype>x</prototype></constructor></__proto__>'],
  ])('%s: %s are refused at once', async (_advisory, _title, body) => {
    const { answer, ms } = await send(body)
    expect(answer.code).toBe('MalformedXML')
    expect(ms).toBeLessThan(5000)
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe('metadata', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'tostring', 'hasownproperty'])(
    'named %s is metadata',
    async (name) => {
      await api.ask({ line: 'PUT /bucket/meta', body: 'x', headers: { [`x-amz-meta-${name}`]: 'value' } })
      const read = await api.ask({ line: 'GET /bucket/meta' })
      expect(read.headers[`x-amz-meta-${name}`]).toBe('value')
      expect((await api.ask({ line: 'DELETE /bucket/meta' })).status).toBe(204)
    },
  )
})

describe('headers of two lines', () => {
  it.each(['content-type', 'content-language', 'expires', 'cache-control', 'content-disposition', 'content-encoding'])(
    'CVE-2020-10753 CVE-2021-3524: response-%s makes none',
    async (name) => {
      await api.ask({ line: 'PUT /bucket/object', body: 'x' })
      for (const end of ['%0d%0a', '%0a', '%0d', '%00', '%c4%8d%c4%8a']) {
        const answer = await api.ask({
          line: `GET /bucket/object?response-${name}=a${end}Set-Cookie:%20x`,
          as: 'presigned',
        })
        expect([200, 400]).toContain(answer.status)
        expect(answer.headers['set-cookie']).toBeUndefined()
      }
    },
  )

  it('names in UTF-8 are none, given with the object or with the request', async () => {
    const name = 'attachment; filename="日本 č.txt"'
    const headers = { 'content-disposition': Buffer.from(name).toString('latin1') }
    await api.ask({ line: 'PUT /bucket/named', body: 'x', headers })
    const overridden = `?response-content-disposition=${encodeURIComponent(name)}`
    for (const line of ['GET /bucket/named', `GET /bucket/object${overridden}`, `HEAD /bucket/named${overridden}`]) {
      const answer = await api.ask({ line })
      expect(Buffer.from(answer.headers['content-disposition'] ?? '', 'latin1').toString()).toBe(name)
    }
    await api.ask({ line: 'DELETE /bucket/named' })
  })

  it('CVE-2020-1760: strangers choose no header of an answer', async () => {
    const answer = await api.ask({ line: 'GET /bucket/object?response-content-type=text/html', as: 'anonymous' })
    expect(answer.code).toBe('InvalidRequest')
    await api.ask({ line: 'DELETE /bucket/object' })
  })
})

describe('forms', () => {
  const post = (body: string | Buffer, type = 'multipart/form-data; boundary=b') =>
    api.ask({ line: 'POST /bucket', as: 'anonymous', headers: { 'content-type': type }, body })
  const part = (head: string, value = 'v') => `--b\r\n${head}\r\n\r\n${value}\r\n`
  const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value)
  const file = (name = 'file') => part(`Content-Disposition: form-data; name="${name}"; filename="f"`)

  it.each([
    ['CVE-2025-47944', 'an empty name', `${part('Content-Disposition: form-data; name=""')}${file()}--b--\r\n`],
    ['CVE-2025-48997', 'an empty name of a file', `${file('')}--b--\r\n`],
    [
      'CVE-2025-7338',
      'a part that never ends',
      `${field('key', 'k')}--b\r\nContent-Disposition: form-data; name="file"; filename="f"`,
    ],
    ['CVE-2025-47935', 'a boundary that never comes', 'no boundary at all'],
    ['multer#1411', 'no parts', '--b--\r\n'],
    [
      'multer#1338',
      'headers of a part without end',
      `--b\r\nContent-Disposition: form-data; name="${'n'.repeat(100_000)}`,
    ],
    ['many', 'ten thousand fields', `${field('a', 'x').repeat(10_000)}--b--\r\n`],
    ['names', 'of Object.prototype', `${field('__proto__', 'x')}${field('constructor', 'x')}${file()}--b--\r\n`],
    ['headers', 'of a part that are none', `--b\r\n\0\0\0\r\n\r\nx\r\n--b--\r\n`],
  ])('%s: %s is refused, and leaves no file', async (_advisory, _title, body) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(api.files()).toBe(files)
  })

  it.each([
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="',
    `multipart/form-data; boundary=${'b'.repeat(5000)}`,
    'multipart/form-data;;;',
    'MULTIPART/FORM-DATA',
  ])('a type of %.60s is refused', async (type) => {
    expect((await post(`${file()}--b--\r\n`, type)).status).toBe(400)
  })

  it('take a field for one, also when it comes with a file name as some clients send them all', async () => {
    const named = (name: string, value: string) =>
      part(`Content-Disposition: form-data; name="${name}"; filename="${name}"`, value)
    const answer = await post(`${named('key', 'named')}${named('Content-Type', 'text/css')}${file()}--b--\r\n`)
    expect([answer.status, answer.code]).toEqual([204, ''])
    const read = await api.ask({ line: 'GET /bucket/named' })
    expect([read.body, read.headers['content-type']]).toEqual(['v', 'text/css'])
    await api.ask({ line: 'DELETE /bucket/named' })
    expect((await post(`${named('key', 'k'.repeat(30_000))}${file()}--b--\r\n`)).code).toBe(
      'MaxPostPreDataLengthExceededError',
    )
    expect(
      (await post(`${named('key', 'k')}--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nx`)).status,
    ).toBe(400)
  })

  it('whose sender goes away in the middle of the file leave nothing', async () => {
    const head = `${field('key', 'gone')}--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`
    await new Promise<void>((resolve) => {
      const socket = connect(api.port, '127.0.0.1', () => {
        socket.write(
          `POST /bucket HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999999\r\n\r\n${head}${'x'.repeat(100_000)}`,
        )
        setTimeout(() => socket.destroy(), 50)
      })
      socket.once('close', () => resolve())
    })
    await expect.poll(() => api.files()).toBe(files)
  })
})

describe('requests', () => {
  const host = 'Host: localhost\r\n'
  const chunked = 'Transfer-Encoding: chunked\r\n'

  it.each([
    [
      'CVE-2020-8287',
      'two kinds of length',
      `PUT /bucket/x HTTP/1.1\r\n${host}Content-Length: 4\r\n${chunked}\r\n0\r\n\r\n`,
    ],
    [
      'CVE-2020-8287',
      'the encoding twice',
      `PUT /bucket/x HTTP/1.1\r\n${host}${chunked}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    ],
    [
      'CVE-2021-22959',
      'a blank before the colon',
      `PUT /bucket/x HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'CVE-2023-30589',
      'a line ended by CR alone',
      `GET /bucket/x HTTP/1.1\r\n${host}X: a\rTransfer-Encoding: chunked\r\n\r\n`,
    ],
    [
      'CVE-2024-22019',
      'extensions of chunks without end',
      `PUT /bucket/x HTTP/1.1\r\n${host}${chunked}\r\n1;${'a'.repeat(100_000)}\r\nx\r\n0\r\n\r\n`,
    ],
    ['lengths', 'two of them', `PUT /bucket/x HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    ['CVE-2019-19337', 'a length of words', `PUT /bucket/x HTTP/1.1\r\n${host}Content-Length: many\r\n\r\n`],
    ['CVE-2022-3854', 'no target', `GET  HTTP/1.1\r\n${host}\r\n`],
    ['host', 'none', 'GET /bucket HTTP/1.1\r\n\r\n'],
    ['version', 'of the future', `GET /bucket HTTP/9.9\r\n${host}\r\n`],
    ['headers', 'more than 32 KiB', `GET /bucket HTTP/1.1\r\n${host}X: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['headers', 'with NUL', `GET /bucket HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`],
    ['method', 'of no kind', `BREW /bucket HTTP/1.1\r\n${host}\r\n`],
    ['TLS', 'to a server without', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('%s: %s gets 4xx, and the connection is closed', async (_advisory, _title, bytes) => {
    const answer = await exchange(api.port, Buffer.from(bytes, 'latin1'), true)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    await expect.poll(() => api.files()).toBe(files)
  })

  it('whose targets or headers are any bytes never get a 5xx', async () => {
    const text = fc.string({
      unit: fc.constantFrom(
        '/',
        '?',
        '&',
        '=',
        '%',
        '%00',
        '%zz',
        '..',
        'bucket',
        'X-Amz-Signature',
        'X-Amz-Credential',
        'versionId',
        'uploadId',
        'partNumber',
        'list-type',
        '\u00ff',
        ';',
        'é',
        '+',
        '#',
        '*',
        '@',
        ':',
        '[',
        ']',
      ),
      maxLength: 12,
    })
    const name = fc.constantFrom(
      'authorization',
      'range',
      'if-match',
      'x-amz-date',
      'x-amz-copy-source',
      'x-amz-tagging',
      'content-md5',
      'expect',
      'x-amz-trailer',
      'x-amz-checksum-crc32',
      'host',
      'content-type',
      'if-modified-since',
      'x-amz-content-sha256',
      'x-amz-decoded-content-length',
      'x-amz-expected-bucket-owner',
    )
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS')
    const run = fc.asyncProperty(
      method,
      text,
      fc.array(fc.tuple(name, text), { maxLength: 4 }),
      async (verb, target, headers) => {
        const lines = headers.map(([header, value]) => `${header}: ${value}\r\n`).join('')
        const bytes = `${verb} /${target} HTTP/1.1\r\n${host}${lines}Content-Length: 0\r\nConnection: close\r\n\r\n`
        const { status, body } = await exchange(api.port, Buffer.from(bytes, 'latin1'))
        expect(status, `${bytes} ${body}`).toSatisfy((one: number) => one < 500 || one === 501)
      },
    )
    await fc.assert(run, { numRuns: 150 })
  })

  it('CVE-2018-1000538 CVE-2022-31028: a thousand idle connections and half requests cost no answer to others', async () => {
    const sockets = Array.from({ length: 300 }, () =>
      connect(api.port, '127.0.0.1', function (this: import('node:net').Socket) {
        this.write(`PUT /bucket/slow HTTP/1.1\r\n${host}Content-Le`)
      }).on('error', () => undefined),
    )
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    expect((await api.ask({ line: 'GET /bucket' })).status).toBe(200)
    for (const socket of sockets) socket.destroy()
  })

  it('that are refused early do not have their bodies read to the end', async () => {
    const startedAt = performance.now()
    const bytes = `PUT /absent-bucket/x HTTP/1.1\r\n${host}Content-Length: 5000000000\r\nConnection: close\r\n\r\n${'x'.repeat(1000)}`
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(api.port, '127.0.0.1', () => socket.write(bytes))
      socket.on('data', (chunk) => {
        text += chunk
        socket.destroy()
      })
      socket.once('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 40[34]/)
    expect(performance.now() - startedAt).toBeLessThan(4500)
  })
})
