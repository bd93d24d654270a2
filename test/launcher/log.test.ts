/** The log of requests: everything needed to follow them, and nothing that allows to make them. */
import http from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeKey, signHeaders, signQuery } from '../input/signer.ts'
import { exchange, format, type WireRequest } from '../input/wire.ts'
import { type Launched, launch } from './launcher.ts'

const secret = 'a-secret-that-must-not-show'
const credentials = { accessKeyId: 'admin', secret }
let launched: Launched
let port = 0
const signatures: string[] = []

const send = (request: WireRequest) => exchange(port, format(request))
const request = (method: string, target: string, more: Partial<WireRequest> = {}): WireRequest => ({
  method,
  target,
  headers: [['Host', `127.0.0.1:${port}`]],
  ...more,
})

beforeAll(async () => {
  const flags = ['--api-port', '0', '--mode', 'api', '--workers', '1', '--log-level', 'debug', '--log-format', 'json']
  launched = launch(flags, {
    MINIO_ROOT_USER: 'admin',
    MINIO_ROOT_PASSWORD: secret,
    MYFSIO_BUCKETS: 'bucket',
    SECRET_KEY: 'key-of-sessions',
  })
  port = Number((await launched.said(/"api":"http:\/\/[^"]+:(\d+)"/))[1])
  const signed = signHeaders(request('GET', `/bucket/${encodeKey('two\nlines \u001b[31mred')}`), credentials)
  const presigned = signQuery(request('GET', '/bucket/object'), credentials)
  const wrong = signHeaders(request('GET', '/bucket'), { ...credentials, secret: 'another' })
  signatures.push(signed.signature, presigned.signature, wrong.signature)
  for (const one of [signed, presigned, wrong]) await send(one)
  const host = ['Host', 'h'] as const
  const elsewhere = signHeaders({ ...request('GET', '/bucket'), headers: [['Host', 'minio:9000']] }, credentials)
  await send({ ...elsewhere, headers: [host, ...elsewhere.headers.slice(1)] })
  for (const value of [secret, 'wrong-secret']) {
    await send(request('GET', '/', { headers: [host, ['X-Access-Key', 'admin'], ['X-Secret-Key', value]] }))
  }
  await send(
    request('GET', '/bucket', {
      headers: [host, ['User-Agent', 'x'], ['X-Amz-Security-Token', 'a-session-token']],
    }),
  )
  await send(
    request('POST', '/bucket', {
      headers: [host, ['Content-Type', 'multipart/form-data; boundary=b']],
      body: Buffer.from('x'),
    }),
  )
})

describe('the log', () => {
  const stop = async () => {
    launched.child.kill('SIGTERM')
    return launched.exited
  }

  it('lets a request in flight finish when it is told to stop', async () => {
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const upload = signHeaders(request('PUT', '/bucket/slow'), { ...credentials, payload: 'UNSIGNED-PAYLOAD' })
      const headers = Object.fromEntries(upload.headers)
      const sent = http.request({
        port,
        host: '127.0.0.1',
        method: 'PUT',
        path: '/bucket/slow',
        headers: { ...headers, 'Content-Length': '4' },
      })
      sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject)
      sent.write('ab')
      setTimeout(() => void stop(), 100)
      setTimeout(() => sent.end('cd'), 400)
    })
    expect(await answered).toBe(200)
    expect(await launched.exited).toBe(0)
  })

  it('holds one line of JSON for each request, with what happened', () => {
    const lines = launched
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    const entries = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((entry) => 'requestId' in entry)
    expect(entries.length).toBeGreaterThanOrEqual(8)
    expect(entries).toContainEqual(
      expect.objectContaining({ operation: 'GetObject', principal: 'admin', status: 404, error: 'NoSuchKey' }),
    )
    expect(entries).toContainEqual(expect.objectContaining({ operation: 'PutObject', key: 'slow', status: 200 }))
    for (const entry of entries) expect(entry.durationMs).toBeTypeOf('number')
  })

  it('says what is probably wrong with a signature, and from where it came', () => {
    const warned = (hint: string) =>
      new RegExp(`^\\{(?=.*"msg":"authentication failed")(?=.*"sourceAddress":"127\\.0\\.0\\.1").*"hint":"${hint}`, 'm')
    expect(launched.output()).toMatch(warned('The secret is most likely not the one of this access key.'))
    expect(launched.output()).toMatch(warned('The host signed is \\\\"minio:9000\\\\", the host received'))
    expect(launched.output()).toMatch(warned('The secret is wrong for this key.'))
  })

  it('GHSA-r54g-49rx-98cr GHSA-8cm2-h255-v749 GHSA-333v-68xh-8mmq: holds no secret, signature or token', () => {
    const output = launched.output()
    for (const text of [
      secret,
      'wrong-secret',
      'key-of-sessions',
      'a-session-token',
      'X-Amz-Signature',
      ...signatures,
    ]) {
      expect(output).not.toContain(text)
    }
  })

  it('is not written by keys: no line and no colour of theirs', () => {
    const output = launched.output()
    expect(output).toContain('two\\\\nlines')
    expect(output).not.toContain('\u001b[31m')
    expect(output).not.toMatch(/^lines /m)
  })
})

afterAll(() => {
  launched.child.kill('SIGKILL')
})
