/** Settings that change which requests are accepted: hosts, signatures, limits. Each has its own server. */
import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from './api.ts'
import { signHeaders } from './signer.ts'
import { exchange, format, type HeaderLines } from './wire.ts'

let api: TestApi | undefined
afterEach(async () => {
  await api?.close()
  api = undefined
})

async function start(env: Record<string, string>): Promise<TestApi> {
  api = await startTestApi({ METADATA_ENGINE: 'memory', MYFSIO_BUCKETS: 'bucket', ...env })
  return api
}

const main = { accessKeyId: 'main', secret: 'main-secret' }

/** Signed for one Host and received with another, as behind a proxy. */
function askBehindProxy({ port }: TestApi, signedHost: string, receivedHost = `127.0.0.1:${port}`) {
  const signed = signHeaders({ method: 'GET', target: '/bucket', headers: [['Host', signedHost]] }, main)
  const headers: HeaderLines = signed.headers.map(([name, value]) => [name, name === 'Host' ? receivedHost : value])
  return exchange(port, format({ ...signed, headers }))
}

describe('hosts', () => {
  it('that a proxy has rewritten are accepted when they are named', async () => {
    const server = await start({ API_BASE_URL: 'https://s3.example.com', ALLOWED_HOSTS: 'minio:9000,store' })
    for (const host of ['s3.example.com', 'minio:9000', 'store']) {
      expect([host, (await askBehindProxy(server, host)).status]).toEqual([host, 200])
    }
    for (const host of ['evil.example', 'minio', 's3.example.com:443', 'store:80']) {
      expect((await askBehindProxy(server, host)).code).toBe('SignatureDoesNotMatch')
    }
  })

  it('name a bucket under localhost, the base address and the domains given', async () => {
    const server = await start({ API_BASE_URL: 'https://s3.example.com', VIRTUAL_HOST_DOMAINS: 'files.example.org' })
    await server.ask({ line: 'PUT /bucket/presign/bucket/key', body: 'content' })
    for (const host of [
      'bucket.localhost',
      'bucket.s3.example.com',
      'bucket.files.example.org:8080',
      'BUCKET.LOCALHOST',
    ]) {
      const request = { method: 'GET', target: '/presign/bucket/key', headers: [['Host', host]] } as const
      expect((await exchange(server.port, format(signHeaders(request, main)))).body).toBe('content')
    }
  })
})

describe('signatures of Version 2', () => {
  const url = 'GET /bucket?AWSAccessKeyId=main&Expires=9999999999&Signature=A'
  const header = {
    line: 'GET /bucket',
    as: 'anonymous',
    headers: { date: new Date().toUTCString(), authorization: 'AWS main:A' },
  } as const

  it.each([
    ['off', 'InvalidRequest', 'InvalidRequest'],
    ['presigned', 'SignatureDoesNotMatch', 'InvalidRequest'],
    ['on', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch'],
  ])('that are %s: a URL gets %s, a header %s', async (setting, inUrl, inHeader) => {
    const server = await start({ SIGNATURE_V2: setting })
    expect((await server.ask({ line: url, as: 'anonymous' })).code).toBe(inUrl)
    expect((await server.ask(header)).code).toBe(inHeader)
  })
})

describe('forms signed by Version 2', () => {
  const condition = {
    expiration: new Date(Date.now() + 3_600_000).toISOString(),
    conditions: [{ bucket: 'bucket' }, { key: 'k' }],
  }
  const policy = Buffer.from(JSON.stringify(condition)).toString('base64')
  const signature = createHmac('sha1', 'main-secret').update(policy).digest('base64')

  async function post(server: TestApi, fields: Record<string, string>) {
    const form = new FormData()
    for (const [name, value] of Object.entries({ key: 'k', policy, ...fields })) form.append(name, value)
    form.append('file', new Blob(['x']), 'x')
    const request = new Request('http://localhost', { method: 'POST', body: form })
    const headers = { 'content-type': request.headers.get('content-type') ?? '' }
    const body = Buffer.from(await request.arrayBuffer())
    return server.ask({ line: 'POST /bucket', as: 'anonymous', headers, body })
  }

  it.each([
    ['off', 400, 'InvalidRequest'],
    ['presigned', 204, ''],
    ['on', 204, ''],
  ])('that are %s get %i %s', async (setting, status, code) => {
    const server = await start({ SIGNATURE_V2: setting })
    const answer = await post(server, { AWSAccessKeyId: 'main', signature })
    expect([answer.status, answer.code]).toEqual([status, code])
    const stored = await server.ask({ line: 'GET /bucket/k' })
    expect(stored.status).toBe(status === 204 ? 200 : 404)
  })

  it.each([{ AWSAccessKeyId: 'main' }, { signature }, { awsaccesskeyid: 'main', Signature: signature }])(
    'are refused when they are off, whatever fields they have: %j',
    async (fields) => {
      const server = await start({ SIGNATURE_V2: 'off' })
      expect((await post(server, fields)).code).toBe('InvalidRequest')
    },
  )
})

it('plain keys can be switched off', async () => {
  const server = await start({ PLAIN_KEY_AUTH: 'off' })
  const headers = { 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
  expect((await server.ask({ line: 'GET /bucket', as: 'anonymous', headers })).code).toBe('AccessDenied')
})

it('a client that asks too often is told when to come back, and probes are not counted', async () => {
  const server = await start({ RATE_LIMIT_DEFAULT: '3 per minute' })
  for (let asked = 0; asked < 3; asked++) expect((await server.ask({ line: 'GET /bucket' })).status).toBe(200)
  const refused = await server.ask({ line: 'PUT /bucket/object', body: 'x' })
  expect([refused.status, refused.code]).toEqual([503, 'SlowDown'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect((await server.ask({ line: 'GET /healthz', as: 'anonymous' })).status).toBe(200)
})

it('a body that is too large is told the limit and how to raise it, before it is sent', async () => {
  const server = await start({ MAX_UPLOAD_SIZE: '1KiB' })
  const headers = { 'content-length': '1025', expect: '100-continue' }
  const answer = await server.ask({ line: 'PUT /bucket/object', headers, signing: { payload: 'UNSIGNED-PAYLOAD' } })
  expect([answer.status, answer.code]).toEqual([400, 'EntityTooLarge'])
  expect(answer.body).toMatch(/<MaxSizeAllowed>1024<.*MAX_UPLOAD_SIZE/)
})

it('a body is asked for only once its request may pass', async () => {
  const server = await start({})
  const headers = { 'content-length': '4', expect: '100-continue' }
  const signing = { payload: 'UNSIGNED-PAYLOAD' }
  const asked = { line: 'PUT /bucket/object', headers, signing }
  const first = (more: object) =>
    new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(format(server.sign({ ...asked, ...more }))))
      socket.once('data', (chunk) => {
        resolve(chunk.toString().split('\r\n', 1)[0] ?? '')
        socket.destroy()
      })
    })
  expect(await first({})).toBe('HTTP/1.1 100 Continue')
  expect(await first({ as: 'reader' })).toBe('HTTP/1.1 403 Forbidden')
  expect(await first({ signing: { ...signing, secret: 'wrong' } })).toBe('HTTP/1.1 403 Forbidden')
  expect(await first({ line: 'PUT /absent-bucket/object' })).toBe('HTTP/1.1 404 Not Found')
  expect(await first({ headers: { ...headers, 'x-amz-storage-class': 'FAST' } })).toBe('HTTP/1.1 400 Bad Request')
})
