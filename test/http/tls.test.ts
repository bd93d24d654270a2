/** Both servers over TLS, with a certificate made for the occasion. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as connectSecurely } from 'node:tls'
import { GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi } from '#app/api.ts'
import { startConsole } from '#app/console.ts'
import { loadConfig } from '#config/config.ts'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'
import { readTls } from '#http/server/tls.ts'
import { packageRoot } from '#lib/program/package-root.ts'

const folder = mkdtempSync(join(tmpdir(), 'tls-'))
const certPath = join(folder, 'cert.pem')
const keyPath = join(folder, 'key.pem')
const closers: (() => Promise<void>)[] = []
let apiPort = 0
let uiPort = 0

beforeAll(async () => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const parameters = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  execFileSync('openssl', [...parameters, ...subject, '-keyout', keyPath, '-out', certPath], { stdio: 'ignore' })
  const env = {
    STORAGE_ROOT: folder,
    API_PORT: '0',
    UI_PORT: '0',
    LOG_LEVEL: 'off',
    TLS_CERT: certPath,
    TLS_KEY: keyPath,
    MYFSIO_BUCKETS: 'bucket',
  }
  const config = loadConfig([], env, folder)
  const bootstrap = { accessKey: 'main', secretKey: 'main-secret' }
  const api = await startApi({ config, version: 'test', isPrimary: true, bootstrap })
  const console_ = await startConsole({ config, version: 'test', packageRoot, isPrimary: false, bootstrap })
  closers.push(
    () => api.close(100),
    () => console_.close(100),
  )
  apiPort = api.port
  uiPort = console_.port
})
afterAll(() => Promise.all(closers.map((close) => close())))

/** Trusting that certificate and no other. */
const agent = () => new https.Agent({ ca: readFileSync(certPath), keepAlive: false })

const s3 = () =>
  new S3Client({
    endpoint: `https://127.0.0.1:${apiPort}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'main', secretAccessKey: 'main-secret' },
    requestHandler: { httpsAgent: agent() },
    maxAttempts: 1,
  })

function get(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    https
      .get({ host: '127.0.0.1', port, path, agent: agent() }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
  })
}

function ask(request: https.RequestOptions, body = ''): Promise<{ text: string; cookies: string[] }> {
  return new Promise((resolve, reject) => {
    const outgoing = https.request({ host: '127.0.0.1', agent: agent(), ...request }, async (answer) => {
      resolve({ text: await text(answer), cookies: answer.headers['set-cookie'] ?? [] })
    })
    outgoing.on('error', reject).end(body)
  })
}

describe('TLS', () => {
  it('is spoken by the API and by the console', async () => {
    expect(await get(apiPort, '/healthz')).toBe(200)
    expect(await get(uiPort, '/healthz')).toBe(200)
  })

  it('keeps the cookies of the console to itself', async () => {
    const form = await ask({ port: uiPort, path: '/ui/sign-in' })
    const visitor = form.cookies[0] ?? ''
    const csrf = /name="csrf" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const body = new URLSearchParams({ csrf, name: 'main', secret: 'main-secret' }).toString()
    const headers = { cookie: visitor.split(';')[0] ?? '', 'content-type': 'application/x-www-form-urlencoded' }
    const signedIn = await ask({ port: uiPort, path: '/ui/sign-in', method: 'POST', headers }, body)
    expect(signedIn.cookies.join()).toContain('myfsio.session')
    for (const cookie of [visitor, ...signedIn.cookies]) expect(cookie).toMatch(/; HttpOnly; (SameSite=\w+; )?Secure/)
  })

  it('carries streams, which the SDK sends there in unsigned chunks with a trailer', async () => {
    const client = s3()
    const body = Buffer.alloc(300_000, 'stream!')
    const Body = Readable.from(Array.from({ length: 10 }, (_, at) => body.subarray(at * 30_000, (at + 1) * 30_000)))
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'streamed', Body, ContentLength: body.length }))
    const read = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'streamed' }))
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true)
    client.destroy()
  })

  it.each([
    ['Bool', 'aws:SecureTransport', 'true'],
    ['NumericGreaterThanEquals', 's3:TlsVersion', '1.2'],
  ])('is seen by conditions: %s %s %s', async (operator, key, value) => {
    const client = s3()
    const Statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::bucket/*',
      Condition: { [operator]: { [key]: value } },
    }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await client.send(new PutBucketPolicyCommand({ Bucket: 'bucket', Policy }))
    const read = client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'streamed' }))
    await expect(read).rejects.toMatchObject({ name: 'AccessDenied' })
    client.destroy()
  })
})

describe('a server that closes over TLS', () => {
  it('finishes requests in flight, and waits for no connection that has sent none', async () => {
    const tls = readTls({ certPath, keyPath })
    const server = createHttpServer({ tls }, (app) =>
      app.use((_request, response) => void setTimeout(() => response.end('whole'), 300)),
    )
    const port = await listen(server, '127.0.0.1', 0)
    const raw = connect(port, '127.0.0.1').on('error', () => {})
    const silent = connectSecurely({ port, host: '127.0.0.1', ca: readFileSync(certPath) }).on('error', () => {})
    await new Promise((resolve) => silent.once('secureConnect', resolve))
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const asked = https.get({ host: '127.0.0.1', port, agent: agent() }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode))
      })
      asked.once('error', reject)
    })
    await new Promise((resolve) => server.once('request', resolve))
    // Far longer than this test may take.
    await closeServer(server, 600_000)
    expect(await answered).toBe(200)
    raw.destroy()
    silent.destroy()
  })
})

describe('the files of TLS', () => {
  it.each([
    ['that are not there', '/no/cert.pem', '/no/key.pem'],
    ['that are swapped', keyPath, certPath],
    ['that are no PEM', join(folder, 'text'), join(folder, 'text')],
  ])('%s are named, and the settings with them', (_title, cert, key) => {
    writeFileSync(join(folder, 'text'), 'no certificate')
    expect(() => readTls({ certPath: cert, keyPath: key })).toThrow(
      `TLS_CERT ${cert} and TLS_KEY ${key} cannot be used`,
    )
  })
})
