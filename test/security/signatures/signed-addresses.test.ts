/**
 * A signature is valid for the signed bucket and key only, whatever hosts are accepted and however the path is spelled.
 */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'
import { signHeaders, signQuery } from '../../input/signer.ts'
import { exchange, format } from '../../input/wire.ts'

const local = 'localhost:5999'
const hosts = [local, 's3.example.com', 'open.s3.example.com', 'proxy.example.org']
let api: TestApi
beforeAll(async () => {
  api = await startTestApi({
    API_BASE_URL: `http://${local}`,
    ALLOWED_HOSTS: hosts.join(','),
    VIRTUAL_HOST_DOMAINS: 'example.com,s3.example.com',
    MYFSIO_BUCKETS: 'open,private-bucket,uploads',
  })
  await api.ask({ line: 'PUT /private-bucket/uploads/in.txt', body: 'secret' })
  await api.ask({ line: 'PUT /private-bucket/in.txt', body: 'secret' })
  await api.ask({ line: 'PUT /uploads/in.txt', body: 'upload' })
  await api.ask({ line: 'PUT /open/in.txt', body: 'open' })
})
afterAll(() => api.close())

interface Sent {
  readonly method?: string
  readonly target: string
  readonly signedHost: string
  readonly host: string
  readonly sign?: typeof signQuery
  readonly body?: string
}

/** Signs a request for one host and sends it to another. */
function send({ method = 'GET', target, signedHost, host, sign = signQuery, body }: Sent) {
  const bytes = body === undefined ? {} : { body: Buffer.from(body) }
  const headers = [
    ['Host', signedHost],
    ['Content-Length', String(body?.length ?? 0)],
  ] as const
  const credentials = { accessKeyId: 'main', secret: 'main-secret' }
  const signed = sign({ method, target, headers, ...bytes }, credentials)
  const changed = signed.headers.map(([name, value]) => [name, name === 'Host' ? host : value] as const)
  return exchange(api.port, format({ ...signed, headers: changed }))
}

describe.each([
  ['in the query', signQuery],
  ['in the header', signHeaders],
])('a request signed %s', (_where, sign) => {
  const parents = [local, 's3.example.com']

  it.each(parents)(
    'for a bucket in the path of %s reads and writes no bucket named by the host',
    async (signedHost) => {
      const host = `private-bucket.${signedHost}`
      const asked = { target: '/uploads/in.txt', signedHost, host, sign }
      expect((await send(asked)).code).toBe('SignatureDoesNotMatch')
      expect((await send({ ...asked, method: 'PUT', body: 'changed' })).code).toBe('SignatureDoesNotMatch')
      expect((await send({ ...asked, method: 'DELETE' })).code).toBe('SignatureDoesNotMatch')
      expect((await api.ask({ line: 'GET /private-bucket/uploads/in.txt' })).body).toBe('secret')
    },
  )

  it.each(parents)('for the list of buckets at %s lists no bucket named by the host', async (signedHost) => {
    const host = `private-bucket.${signedHost}`
    expect((await send({ target: '/', signedHost, host, sign })).code).toBe('SignatureDoesNotMatch')
  })

  it('for a bucket named by an accepted host is good under no other bucket and no path', async () => {
    const signedHost = 'open.s3.example.com'
    const asked = { target: '/in.txt', signedHost, sign }
    for (const host of ['private-bucket.s3.example.com', `private-bucket.${local}`, 'private-bucket.example.com']) {
      expect((await send({ ...asked, host })).code).toBe('SignatureDoesNotMatch')
    }
    const underPath = { target: '/private-bucket/in.txt', signedHost, host: local, sign }
    expect((await send(underPath)).code).toBe('SignatureDoesNotMatch')
  })

  it('is good under another host that addresses the same bucket and key', async () => {
    const asked = { target: '/uploads/in.txt', sign }
    for (const host of [`127.0.0.1:${api.port}`, 'internal:9000']) {
      expect((await send({ ...asked, signedHost: 'proxy.example.org', host })).body).toBe('upload')
    }
    const byHost = { target: '/in.txt', signedHost: 'open.s3.example.com', sign }
    expect((await send({ ...byHost, host: `open.${local}` })).body).toBe('open')
  })

  it('for a key is good for no other spelling that means another key', async () => {
    for (const [key, other] of [
      ['a%2Bb', 'a+b'],
      ['a%20b', 'a%2Bb'],
    ] as const) {
      const credentials = { accessKeyId: 'main', secret: 'main-secret' }
      const headers = [
        ['Host', local],
        ['Content-Length', '0'],
      ] as const
      const signed = sign({ method: 'PUT', target: `/open/${key}`, headers }, credentials)
      const changed = { ...signed, target: signed.target.replace(key, other) }
      expect((await exchange(api.port, format(changed))).code).toBe('SignatureDoesNotMatch')
    }
  })
})

describe('a bucket in the host', () => {
  it('is the same for Version 2 as for what is served: the longest domain wins', async () => {
    const date = new Date().toUTCString()
    const ask = (resource: string) => {
      const signature = createHmac('sha1', 'main-secret').update(`GET\n\n\n${date}\n${resource}`).digest('base64')
      const lines = `Host: open.s3.example.com\r\nDate: ${date}\r\nAuthorization: AWS main:${signature}`
      return exchange(api.port, `GET /in.txt HTTP/1.1\r\n${lines}\r\nConnection: close\r\n\r\n`)
    }
    expect((await ask('/open/in.txt')).body).toBe('open')
    expect((await ask('/open.s3/in.txt')).code).toBe('SignatureDoesNotMatch')
  })
})

describe('a plus in a path', () => {
  it('is a space, as S3 has it, for who signs it so; %2B is a plus', async () => {
    const credentials = { accessKeyId: 'main', secret: 'main-secret' }
    const headers = [
      ['Host', local],
      ['Content-Length', '1'],
    ] as const
    // aws4fetch signs the space and sends the plus.
    const put = { method: 'PUT', target: '/open/one%20two', headers, body: Buffer.from('1') }
    const signed = { ...signHeaders(put, credentials), target: '/open/one+two' }
    expect((await exchange(api.port, format(signed))).status).toBe(200)
    expect((await api.ask({ line: 'GET /open/one%20two' })).body).toBe('1')
    expect((await api.ask({ line: 'GET /open/one%2Btwo' })).code).toBe('NoSuchKey')
  })

  it('that was signed as a plus is refused, and never served as a space', async () => {
    await api.ask({ line: 'PUT /open/x%20y', body: 'space' })
    expect((await api.ask({ line: 'GET /open/x+y' })).code).toBe('SignatureDoesNotMatch')
  })
})
