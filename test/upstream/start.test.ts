/** A start checks that the upstream store can be used and is the right one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '#config/config.ts'
import { describeConfig } from '#config/describe.ts'
import { launch } from '../launcher/launcher.ts'
import { freePort } from '../support/free-port.ts'
import { type ProgramOptions, startProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf } from './reading.ts'

describe('a start with BLOBS_URL', () => {
  let upstream: TestUpstream
  const roots: string[] = []

  beforeAll(async () => {
    upstream = await startOwnUpstream()
  })
  afterAll(async () => {
    await upstream.close()
    for (const root of roots) await rm(root, { recursive: true, force: true })
  })

  const newRoot = async () => {
    const root = await mkdtemp(join(tmpdir(), 'myfsio-start-'))
    roots.push(root)
    return root
  }
  const start = async (options: ProgramOptions) => startProgram('api', { root: await newRoot(), ...options })
  const envWith = (from: string, to: string) => ({
    ...upstream.env,
    BLOBS_URL: upstream.env.BLOBS_URL?.replace(from, to) ?? '',
  })

  it('reports what is wrong with the store', async () => {
    const port = await freePort()
    const cases: [Record<string, string>, RegExp][] = [
      [envWith('upstream-bytes', 'no-such-bucket'), /there is no such bucket/],
      [{ ...upstream.env, BLOBS_SECRET_ACCESS_KEY: 'another secret' }, /refuses access \(SignatureDoesNotMatch\)/],
      [envWith(upstream.url, `http://127.0.0.1:${port}`), /cannot be reached or written to.*ECONNREFUSED/],
    ]
    for (const [env, message] of cases) {
      const error = await start({ env }).then(
        () => undefined,
        (reason: Error) => reason,
      )
      expect(error).toMatchObject({ name: 'StartError', message: expect.stringMatching(message) })
      expect(String(error?.stack)).not.toContain('another secret')
    }
  })

  it('works with a wrong clock, since the store answers with its time', async () => {
    const wrong = `const { now } = Date, RealDate = Date, ms = 60 * 60_000
      globalThis.Date = class extends RealDate {
        constructor(...given) { super(...(given.length > 0 ? given : [now() + ms])) }
        static now() { return now() + ms }
      }`
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(wrong)}`
    const flags = ['--mode', 'api', '--api-port', '0', '--workers', '1']
    const root = await newRoot()
    const env = { ...envWith('/bytes/', '/wrong-clock/'), STORAGE_ROOT: root, NODE_OPTIONS }
    const { child, said, exited } = launch(flags, env)
    try {
      await said(/S3 API/)
    } finally {
      child.kill('SIGTERM')
      await exited
    }
  })

  it('says that the clock is wrong, if the store only says that the time is', async () => {
    const server = createServer((request, response) => {
      request.resume()
      response.sendDate = false
      response.writeHead(403, { 'content-type': 'application/xml' })
      response.end('<Error><Code>RequestTimeTooSkewed</Code><Message>too large</Message></Error>')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { env } = upstream.at(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await expect(start({ env })).rejects.toThrow(/\(RequestTimeTooSkewed\): its clock is wrong, .* Set it/)
    server.close()
    server.closeAllConnections()
  })

  describe('with a bucket that has versioning', () => {
    const Bucket = 'with-versions'
    const warningsOf = async (bucket: string, isPrimary = true) => {
      const warnings: string[] = []
      const log = { info: () => {}, error: () => {}, warn: (_: object, message: string) => warnings.push(message) }
      const place = `${bucket}/${Math.random().toString(36).slice(2)}/`
      await (await start({ env: envWith('upstream-bytes/bytes/', place), log, isPrimary })).close()
      return warnings
    }

    beforeAll(async () => {
      await upstream.client.send(new CreateBucketCommand({ Bucket }))
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await upstream.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    })

    it('warns, in one process, that removed bytes stay there', async () => {
      expect(await warningsOf(Bucket)).toEqual([
        expect.stringMatching(/^The bucket of BLOBS_URL has versioning, .*: give the bucket a lifecycle rule .*\.$/),
      ])
      expect(await warningsOf(Bucket, false)).toEqual([])
      expect(await warningsOf('upstream-bytes')).toEqual([])
    })

    it('works where it may not ask', async () => {
      const Resource = `arn:aws:s3:::${Bucket}`
      const deny = { Effect: 'Deny', Principal: '*', Action: 's3:GetBucketVersioning', Resource }
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny] })
      await upstream.client.send(new PutBucketPolicyCommand({ Bucket, Policy }))
      expect(await warningsOf(Bucket)).toEqual([])
    })
  })

  it('refuses an index of plain files, and plain files refuse its index', async () => {
    const root = await newRoot()
    const plain = await startProgram('api', { root, env: { MYFSIO_BUCKETS: 'bucket' } })
    await clientOf(plain).send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'a plain file' }))
    await plain.close()
    await expect(startProgram('api', { root, env: upstream.env })).rejects.toThrow(/its objects are plain files/)
    const other = await newRoot()
    await (await startProgram('api', { root: other, env: envWith('/bytes/', '/others/') })).close()
    await expect(startProgram('api', { root: other })).rejects.toThrow(/in an S3 store/)
  })

  it('refuses the bytes of another index', async () => {
    const env = envWith('/bytes/', '/twice/')
    await (await start({ env })).close()
    await expect(start({ env })).rejects.toThrow(/bytes of another store/)
  })

  it('refuses a place without the bytes of this index', async () => {
    const root = await newRoot()
    const env = envWith('/bytes/', '/first/')
    await (await startProgram('api', { root, env })).close()
    await expect(startProgram('api', { root, env: envWith('/bytes/', '/empty/') })).rejects.toThrow(
      /does not have the bytes of this index/,
    )
    // The refused start has claimed nothing there.
    await (await start({ env: envWith('/bytes/', '/empty/') })).close()
    await (await startProgram('api', { root, env })).close()
  })

  it('shows no secret, and refuses an invalid address', () => {
    const config = loadConfig([], { ...upstream.env }, '/tmp')
    const shown = JSON.stringify(describeConfig(config))
    expect(shown).toContain('BLOBS_URL')
    expect(shown).not.toContain('upstream-secret')
    for (const url of [
      'https://host/bucket',
      's3://key:secret@bucket',
      's3://Not_A_Bucket',
      's3://bucket?endpoint=ftp://host',
      's3://bucket?endpoint=http://host/path',
      's3://bucket?secret=x',
      's3://bucket/a//b',
      's3://bucket?timeout=0',
    ]) {
      expect(() => loadConfig([], { BLOBS_URL: url }, '/tmp'), url).toThrow(/BLOBS_URL (cannot|is invalid)/)
    }
    expect(() => loadConfig([], { BLOBS_URL: 's3://bucket', BLOBS_ACCESS_KEY_ID: 'x' }, '/tmp')).toThrow(/together/)
  })
})
