/** Attacks on encryption keys: swapped, replayed, removed from requests, sent over insecure connections, or logged. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createClientAddress } from '#access/caller/client-address.ts'
import type { Log } from '#lib/log/log.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import { openFilesBelow } from '../faults/open-files.ts'
import { customerKey, refusal } from '../s3/encryption/ask.ts'
import { makeKey } from '../s3/encryption/make-key.ts'
import { startServer, type TestServer } from '../s3/start-server.ts'

const Bucket = 'bucket'
const one = customerKey('one')
const two = customerKey('two')
let server: TestServer
let client: aws.S3Client
/** Log entries, which would be bugs. */
const logged: string[] = []
const note = (fields: object, message?: string) => void logged.push(JSON.stringify({ fields, message }))
const log = { trace: note, debug: note, info: note, warn: note, error: note, fatal: note } as unknown as Log

beforeAll(async () => {
  server = await startServer({ log })
  client = server.client()
  await client.send(new aws.CreateBucketCommand({ Bucket }))
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await client.send(new aws.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
})
afterAll(async () => {
  client.destroy()
  await server.close()
})

const put = (Key: string, Body: string, more: Partial<aws.PutObjectCommandInput> = {}) =>
  client.send(new aws.PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = (Key: string, more: Partial<aws.GetObjectCommandInput> = {}) =>
  client.send(new aws.GetObjectCommand({ Bucket, Key, ...more }))

/** Overwrites the encryption of a version in the index, as an attacker with access to the disk could. */
async function forge(Key: string, change: (encryption: ObjectEncryption | undefined) => ObjectEncryption | undefined) {
  const { store } = server.opened.services
  const version = await store.headObject(Bucket, Key, undefined)
  await store.changeVersion(Bucket, version, {
    change: ({ encryption, ...stored }) => {
      const forged = change(encryption)
      return forged === undefined ? stored : { ...stored, encryption: forged }
    },
  })
}
const recordOf = async (Key: string, versionId?: string) =>
  (await server.opened.services.store.headObject(Bucket, Key, versionId)).encryption

const methods = [
  ['SSE-S3', async () => ({ ServerSideEncryption: 'AES256' as const })],
  [
    'SSE-KMS',
    async () => ({
      ServerSideEncryption: 'aws:kms' as const,
      SSEKMSKeyId: (await makeKey(server.opened.keys.keyring)).arn,
    }),
  ],
  [
    'SSE-KMS with a bucket key',
    async () => ({
      ServerSideEncryption: 'aws:kms' as const,
      SSEKMSKeyId: (await makeKey(server.opened.keys.keyring)).arn,
      BucketKeyEnabled: true,
    }),
  ],
  ['SSE-C', async () => one.sdk],
] as const

describe.each(methods)('a wrapped key of %s', (title, howOf) => {
  const read = title === 'SSE-C' ? one.sdk : {}
  const outcome = (Key: string) =>
    get(Key, read).then(
      async ({ Body }) => Body?.transformToString(),
      ({ name }: Error) => name,
    )
  // A key of the client that opens nothing is a wrong key.
  const broken = title === 'SSE-C' ? 'AccessDenied' : /^(InternalError|KMS\.InvalidCiphertextException)$/

  it('that is put into the record of another object opens nothing', async () => {
    const how = await howOf()
    await put('secret', 'the secret', how)
    await put('mine', 'my own', how)
    const stolen = await recordOf('secret')
    await forge('mine', () => stolen)
    const found = await outcome('mine')
    expect(found).not.toBe('the secret')
    expect(found).toMatch(broken)
  })

  it('that is replayed from an older version opens nothing of the newer one', async () => {
    const how = await howOf()
    const { VersionId } = await put('replayed', 'older bytes', how)
    await put('replayed', 'newer bytes', how)
    const older = await recordOf('replayed', VersionId)
    await forge('replayed', () => older)
    expect(await outcome('replayed')).toMatch(/^InternalError$/)
  })

  it('that is stripped of the record gives no sealed bytes away', async () => {
    await put('stripped', 'content', await howOf())
    await forge('stripped', () => undefined)
    const found = await get('stripped').then(
      async ({ Body }) => Body?.transformToString(),
      ({ name }: Error) => name,
    )
    expect(found).not.toContain('content')
  })
})

describe('a method in the record that is weaker than that of the bytes', () => {
  it('opens nothing: neither the server nor another client has the key', async () => {
    await put('downgraded', 'content', one.sdk)
    const { wrappedKey = '' } = (await recordOf('downgraded')) ?? {}
    await forge('downgraded', () => ({ method: 'AES256', wrappedKey }))
    await expect(get('downgraded')).rejects.toMatchObject({ name: expect.stringMatching(/InvalidCiphertext|Internal/) })
    await put('downgraded', 'content', await methods[1][1]())
    const kms = await recordOf('downgraded')
    await forge('downgraded', () => ({ method: 'AES256', wrappedKey: kms?.wrappedKey ?? '' }))
    await expect(get('downgraded')).rejects.toMatchObject({ name: expect.stringMatching(/InvalidCiphertext|Internal/) })
  })

  it('does not turn the key of one client into that of another', async () => {
    await put('theirs', 'content', one.sdk)
    await put('own', 'mine', two.sdk)
    const forged = await recordOf('own')
    await forge('theirs', () => forged)
    await expect(get('theirs', two.sdk)).rejects.toMatchObject({ name: 'AccessDenied' })
  })
})

describe('headers that ask for encryption', () => {
  it('cannot be added to a signed URL, nor taken from one', async () => {
    const plain = await getSignedUrl(client, new aws.PutObjectCommand({ Bucket, Key: 'signed' }))
    const added = await fetch(plain, { method: 'PUT', body: 'x', headers: one.headers })
    expect(added.status).toBe(403)
    const sealed = await getSignedUrl(
      client,
      new aws.PutObjectCommand({ Bucket, Key: 'signed', ServerSideEncryption: 'AES256' }),
      { unhoistableHeaders: new Set(['x-amz-server-side-encryption']) },
    )
    expect((await fetch(sealed, { method: 'PUT', body: 'x' })).status).toBe(403)
    const kept = await fetch(sealed, {
      method: 'PUT',
      body: 'x',
      headers: { 'x-amz-server-side-encryption': 'AES256' },
    })
    expect([kept.status, kept.headers.get('x-amz-server-side-encryption')]).toEqual([200, 'AES256'])
  })
})

it('a read that is refused for its key leaves no file open, also where access lists had it opened before', async () => {
  const place = { Bucket: 'listed', Key: 'large' }
  await client.send(new aws.CreateBucketCommand({ Bucket: 'listed', ObjectOwnership: 'ObjectWriter' }))
  await client.send(new aws.PutObjectCommand({ ...place, Body: Buffer.alloc(200_000, 'x') }))
  await client.send(new aws.PutObjectCommand({ ...place, Key: 'sealed', Body: Buffer.alloc(200_000, 'x'), ...one.sdk }))
  for (let times = 0; times < 5; times++) {
    const plain = client.send(new aws.GetObjectCommand({ ...place, ...one.sdk }))
    await expect(plain).rejects.toMatchObject({ name: 'InvalidRequest' })
    const sealed = client.send(new aws.GetObjectCommand({ ...place, Key: 'sealed', ...two.sdk }))
    await expect(sealed).rejects.toMatchObject({ name: 'AccessDenied' })
  }
  await vi.waitFor(() => expect(openFilesBelow(join(server.root, 'data', 'listed'))).toEqual([]), 10_000)
  await vi.waitFor(
    () => expect(openFilesBelow(join(server.root, 'data/.myfsio.sys/opaque/listed'))).toEqual([]),
    10_000,
  )
})

describe('a customer key', () => {
  const socket = (remoteAddress: string, encrypted = false) => ({ remoteAddress, encrypted })
  const proxied = createClientAddress(['10.0.0.0/8', '127.0.0.2'])

  it.each([
    ['loopback', socket('127.0.0.1'), {}, true],
    ['loopback by IPv6', socket('::1'), {}, true],
    ['loopback on a dual stack', socket('::ffff:127.0.0.1'), {}, true],
    ['the network', socket('192.168.1.5'), {}, false],
    ['the network by TLS', socket('192.168.1.5', true), {}, true],
    ['the network, claiming TLS', socket('192.168.1.5'), { 'x-forwarded-proto': 'https' }, false],
    ['a trusted proxy with TLS', socket('10.1.2.3'), { 'x-forwarded-proto': 'https' }, true],
    ['a trusted proxy without', socket('10.1.2.3'), { 'x-forwarded-proto': 'http' }, false],
    ['a trusted proxy by TLS, its client without', socket('10.1.2.3', true), { 'x-forwarded-proto': 'http' }, false],
    [
      'a trusted proxy on this machine',
      socket('127.0.0.2'),
      { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http' },
      false,
    ],
    ['an unknown proxy on this machine', socket('127.0.0.1'), { 'x-forwarded-for': '203.0.113.9' }, false],
    ['a proxy that adds ports', socket('127.0.0.2'), { 'x-forwarded-for': '203.0.113.9:4711' }, false],
    ['a proxy that adds ports to IPv6', socket('127.0.0.2'), { 'x-forwarded-for': '[2001:db8::1]:4711' }, false],
    ['a proxy that hides its client', socket('127.0.0.2'), { 'x-forwarded-for': 'unknown' }, false],
    ['a trusted proxy that tells no client', socket('127.0.0.2'), { 'x-forwarded-proto': 'http' }, false],
    ['a trusted proxy with a client on this machine', socket('127.0.0.2'), { 'x-forwarded-for': '127.0.0.1' }, true],
    ['a proxy by RFC 7239', socket('127.0.0.1'), { forwarded: 'for=203.0.113.9' }, false],
    ['a proxy that says Via', socket('127.0.0.1'), { via: '1.1 edge' }, false],
    ['a proxy that says X-Real-IP', socket('127.0.0.1'), { 'x-real-ip': '203.0.113.9' }, false],
    ['an unknown proxy, claiming TLS', socket('127.0.0.1'), { 'x-forwarded-proto': 'https' }, false],
  ])('that came over %s', (_, connection, headers, isPrivate) => {
    expect(proxied.isPrivate({ socket: connection, headers })).toBe(isPrivate)
  })

  it('is refused over the network without TLS, on writes, reads and copies', async () => {
    await put('closed', 'content', one.sdk)
    const forwarded = { 'x-forwarded-for': '203.0.113.9' }
    const insecure = {
      status: 400,
      code: 'InvalidRequest',
      message:
        'Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.',
    }
    const write = { method: 'PUT', headers: { ...forwarded, ...one.headers }, body: 'x' }
    expect(await refusal(server, `${Bucket}/new`, write)).toEqual(insecure)
    expect(await refusal(server, `${Bucket}/closed`, { headers: { ...forwarded, ...one.headers } })).toEqual(insecure)
    const copy = { ...forwarded, ...one.sourceHeaders, 'x-amz-copy-source': `${Bucket}/closed` }
    expect(await refusal(server, `${Bucket}/new`, { method: 'PUT', headers: copy })).toEqual(insecure)
  })

  it('is written down nowhere: not in the folder, the index, the record of requests, a log or an answer', async () => {
    await put('secretly', 'content', one.sdk)
    await get('secretly', one.sdk)
    await expect(get('secretly', two.sdk)).rejects.toThrow()
    const url = await getSignedUrl(client, new aws.GetObjectCommand({ Bucket, Key: 'secretly', ...one.sdk }))
    await fetch(url)
    const refused = await refusal(server, `${Bucket}/secretly`, {
      headers: { ...one.headers, 'x-amz-server-side-encryption-customer-key-md5': two.md5 },
    })
    await server.opened.access.activity.flush()
    const raw = Buffer.from(one.base64, 'base64')
    const forms = [
      one.base64,
      encodeURIComponent(one.base64),
      raw.toString('hex'),
      one.md5,
      encodeURIComponent(one.md5),
    ]
    const seen = forms.filter((form) => JSON.stringify([logged, refused]).includes(form))
    expect(seen).toEqual([])
    for (const path of filesBelow(server.root)) {
      const bytes = readFileSync(path)
      expect([path, forms.filter((form) => bytes.includes(form)), bytes.includes(raw)]).toEqual([path, [], false])
    }
  })
})

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
