/** The hints for administrators about a wrong signature, for each cause, in the log and on `/_/decisions`. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, startTestApi, type TestApi } from '../../input/api.ts'
import { signHeaders } from '../../input/signer.ts'
import { type Answer, exchange, format, type WireRequest } from '../../input/wire.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket', AWS_REGION: 'us-east-1' })
  await api.ask({ line: 'PUT /bucket/a%20b', body: 'x' })
})
afterAll(() => api.close())

/** Signs one request and sends another. */
async function tampered(asked: Asked, change: (signed: WireRequest) => Partial<WireRequest>): Promise<Answer> {
  const signed = api.sign(asked)
  return exchange(api.port, format({ ...signed, ...change(signed) }))
}

function sentTo(host: string, signedHost: string): Promise<Answer> {
  const request = { method: 'GET', target: '/bucket', headers: [['Host', signedHost]] as const }
  const signed = signHeaders(request, { accessKeyId: 'main', secret: 'main-secret' })
  return exchange(api.port, format({ ...signed, ...withHeader('host', host)(signed) }))
}

/** A request as nginx passes it on by default. */
function proxied(signedHost: string): Promise<Answer> {
  const request = { method: 'GET', target: '/bucket', headers: [['Host', signedHost]] as const }
  const signed = signHeaders(request, { accessKeyId: 'main', secret: 'main-secret' })
  const { headers } = withHeader('host', `127.0.0.1:${api.port}`)(signed)
  return exchange(api.port, format({ ...signed, headers: [...headers, ['X-Forwarded-For', '192.0.2.1']] }))
}

const withHeader = (name: string, value: string) => (signed: WireRequest) => ({
  headers: signed.headers.map((header) => (header[0].toLowerCase() === name ? ([name, value] as const) : header)),
})
const without = (name: string) => (signed: WireRequest) => ({
  headers: signed.headers.filter((header) => header[0].toLowerCase() !== name),
})
const read: Asked = { line: 'GET /bucket/a%20b' }
const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000
const url = (nowMs: number): Asked => ({ ...read, as: 'presigned', signing: { nowMs } })

async function form(secret: string): Promise<Answer> {
  const policy = Buffer.from(
    JSON.stringify({ expiration: new Date(Date.now() + 60_000).toISOString(), conditions: [] }),
  )
  const fields = {
    key: 'k',
    AWSAccessKeyId: 'main',
    policy: policy.toString('base64'),
    signature: createHmac('sha1', secret).update(policy.toString('base64')).digest('base64'),
  }
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  body.append('file', new Blob(['x']))
  const request = new Request('http://localhost', { method: 'POST', body })
  return api.ask({
    line: 'POST /bucket',
    as: 'anonymous',
    headers: { 'Content-Type': request.headers.get('content-type') ?? '' },
    body: Buffer.from(await request.arrayBuffer()),
  })
}

type Case = readonly [cause: string, ask: () => Promise<Answer>, code: string, hint: RegExp]

// biome-ignore format: a table
const cases: readonly Case[] = [
  ['the host signed is not the host received', () => sentTo(`127.0.0.1:${api.port}`, 'minio:9000'), 'SignatureDoesNotMatch', /^The host signed is "minio:9000", the host received "127\.0\.0\.1:\d+"/],
  ['a proxy has changed the host to one that nobody would guess', () => proxied('files.example.org'), 'SignatureDoesNotMatch', /^A proxy may have changed Host: the Host received is "127\.0\.0\.1:\d+", no other host is accepted/],
  ['the path was encoded twice', () => tampered({ line: 'GET /bucket/a%2520b' }, () => ({ target: '/bucket/a%20b' })), 'SignatureDoesNotMatch', /^The path was encoded twice/],
  ['the path was normalised', () => tampered({ line: 'GET /bucket/a' }, () => ({ target: '/bucket//a' })), 'SignatureDoesNotMatch', /^The path was normalised/],
  ['the method is another', () => tampered({ ...read, as: 'presigned' }, () => ({ method: 'DELETE' })), 'SignatureDoesNotMatch', /^The signature is for GET, the request is DELETE/],
  ['a proxy has changed a header', () => tampered({ ...read, headers: { 'Accept-Encoding': 'identity' } }, withHeader('accept-encoding', 'gzip')), 'SignatureDoesNotMatch', /^The header accept-encoding was signed as "identity" and received as "gzip"/],
  ['a proxy has removed a header', () => tampered({ ...read, headers: { 'X-Custom': 'a' } }, without('x-custom')), 'SignatureDoesNotMatch', /^Signed, but not received: x-custom/],
  ['a proxy has added a header', () => tampered(read, ({ headers }) => ({ headers: [...headers, ['x-amz-meta-a', 'b']] })), 'AccessDenied', /^Not signed, but received: x-amz-meta-a/],
  ['the secret is wrong', () => api.ask({ ...read, signing: { secret: 'wrong' } }), 'SignatureDoesNotMatch', /^The secret is most likely not the one/],
  ['the secret has a line end', () => api.ask({ ...read, signing: { secret: 'main-secret\n' } }), 'SignatureDoesNotMatch', /^The secret that the client uses has white space/],
  ['the secret of a form is wrong', () => form('wrong'), 'SignatureDoesNotMatch', /^The secret is most likely not the one/],
  ['the region is another', () => api.ask({ ...read, signing: { region: 'eu-west-1' } }), 'AuthorizationHeaderMalformed', /^The client signs for another region: set its region to "us-east-1"/],
  ['the service is another', () => api.ask({ ...read, signing: { service: 'execute-api' } }), 'AuthorizationHeaderMalformed', /^The client signs for another service than "s3"/],
  ['the clock is slow', () => api.ask({ ...read, signing: { nowMs: minutesAgo(30) } }), 'RequestTimeTooSkewed', /^The client's clock is 30 minutes slow/],
  ['the clock is fast', () => api.ask({ ...read, signing: { nowMs: minutesAgo(-20) } }), 'RequestTimeTooSkewed', /^The client's clock is 20 minutes fast/],
  ['the clock is slow, signed by Version 2', () => api.ask({ ...read, as: 'anonymous', headers: { Date: new Date(minutesAgo(30)).toUTCString(), Authorization: 'AWS main:x' } }), 'RequestTimeTooSkewed', /^The client's clock is 30 minutes slow/],
  ['the URL has expired', () => api.ask(url(minutesAgo(45))), 'AccessDenied', /^The URL expired 30 minutes ago/],
  ['the URL is for later', () => api.ask(url(minutesAgo(-60))), 'AccessDenied', /^The URL is dated in the future/],
]

describe('the hint when', () => {
  it.each(cases)('%s', async (_cause, ask, code, hint) => {
    const answer = await ask()
    expect(answer.code).toBe(code)
    const id = answer.headers['x-myfsio-decision-id']
    const shown = await api.ask({ line: `GET /_/decisions/${id}` })
    expect(JSON.parse(shown.body)).toMatchObject({
      code,
      requester: { accessKeyId: 'main' },
      hint: expect.stringMatching(hint),
    })
    // The client gets AWS's message and no more.
    expect(answer.body).not.toMatch(hint)
  })
})
