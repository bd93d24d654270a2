/** fsck and the scrub check an upstream store. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkFolder } from '#app/folder/check-folder.ts'
import type { Finding, Leftover } from '#blobs/contract/inspection.ts'
import { encodePieces, wholePiece } from '#blobs/upstream/piece.ts'
import { blobKey } from '#blobs/upstream/rows.ts'
import { UpstreamBlobs } from '#blobs/upstream/upstream-blobs.ts'
import { systemClock } from '#lib/clock.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { openDefaults } from '#model/bucket/new-bucket.ts'
import { silentLog } from '../store/fixtures.ts'
import { forwardingEngine } from '../store/forwarding-engine.ts'
import { startFaultyProxy } from '../support/faulty-proxy.ts'
import { startProgram, type TestProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf, listUpstream } from './reading.ts'

const Bucket = 'bucket'
const MiB = 1024 * 1024

describe('an upstream store with lost and unneeded bytes', () => {
  let upstream: TestUpstream
  let root: string
  let program: TestProgram | undefined

  beforeAll(async () => {
    upstream = await startOwnUpstream()
    root = await mkdtemp(join(tmpdir(), 'myfsio-inspection-'))
  })
  afterAll(async () => {
    await program?.close()
    await upstream.close()
    await rm(root, { recursive: true, force: true })
  })

  const check = async (repair: boolean) => {
    const findings: Finding[] = []
    const summary = await checkFolder({
      root: join(root, 'data'),
      repair,
      rebuild: false,
      ownerId: undefined,
      region: 'us-east-1',
      bucketDefaults: openDefaults,
      log: silentLog,
      upstream: upstream.settings,
      onFinding: (finding) => findings.push(finding),
    })
    return { findings: findings.map(({ kind, where }) => `${kind} ${where}`).sort(), summary }
  }

  it('is reported by the scrub and by fsck, which sets aside objects that no record names', async () => {
    program = await startProgram('api', { root, env: { ...upstream.env, MYFSIO_BUCKETS: Bucket } })
    const s3 = clientOf(program)
    const keyOf = new Map<string, string>()
    for (const Key of ['right', 'missing', 'damaged', 'shorter', 'empty']) {
      const before = (await listUpstream(upstream)).map(({ Key }) => Key)
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: randomBytes(MiB) }))
      const [kept] = (await listUpstream(upstream)).filter((object) => !before.includes(object.Key))
      keyOf.set(Key, kept?.Key ?? '')
    }
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'small', Body: 'in the index' }))
    const own = { Bucket: upstream.settings.bucket }
    await upstream.client.send(new aws.DeleteObjectCommand({ ...own, Key: keyOf.get('missing') }))
    await upstream.client.send(new aws.PutObjectCommand({ ...own, Key: keyOf.get('damaged'), Body: randomBytes(MiB) }))
    await upstream.client.send(new aws.PutObjectCommand({ ...own, Key: keyOf.get('shorter'), Body: randomBytes(1000) }))
    await upstream.client.send(new aws.PutObjectCommand({ ...own, Key: keyOf.get('empty'), Body: '' }))
    const old = `${Date.UTC(2025, 1, 1).toString(16).padStart(12, '0')}${randomBytes(10).toString('hex')}`
    const Key = `${upstream.settings.prefix}${old.slice(-2)}/${old}`
    await upstream.client.send(new aws.PutObjectCommand({ ...own, Key, Body: 'of nobody' }))

    const stretch = { from: { table: 'o', after: undefined }, forMs: 10_000 } as const
    const { signal } = new AbortController()
    const pace = async () => undefined
    const scrubbed = await program.opened.services.store.compareVersions({ ...stretch, signal, pace })
    expect(scrubbed.damaged.map(({ key }) => key)).toEqual(['damaged', 'empty', 'missing', 'shorter'])
    expect(await program.opened.services.store.countLeftovers(signal)).toBe(1)
    await program.close()
    program = undefined

    const damaged = ['damaged', 'empty', 'shorter'].map((name) => `damaged ${Bucket}/${name}`)
    const found = [...damaged, `leftover ${Key}`, `missing ${Bucket}/missing`]
    expect((await check(false)).findings).toEqual(found)
    expect((await check(true)).summary).toMatchObject({ versions: 6, findings: 5, repaired: 2 })
    expect((await check(false)).findings).toEqual(damaged)
  })

  it('does not count as compared while the store does not answer', async () => {
    const proxy = await startFaultyProxy(upstream.url)
    const { env } = upstream.at(proxy.url, 1)
    const BLOBS_URL = env.BLOBS_URL?.replace('?', 'unread/?') ?? ''
    const settings = { ...env, BLOBS_URL, MYFSIO_BUCKETS: Bucket, LOG_LEVEL: 'off' }
    const own = await startProgram('api', { root: join(root, 'unread'), env: settings })
    await clientOf(own).send(new aws.PutObjectCommand({ Bucket, Key: 'large', Body: randomBytes(MiB) }))
    const scrub = () =>
      own.opened.services.store.compareVersions({
        from: { table: 'o', after: undefined },
        forMs: 10_000,
        signal: new AbortController().signal,
        pace: async () => undefined,
      })
    proxy.fail({ what: 500, method: 'GET' })
    expect(await scrub()).toMatchObject({ versions: 0, unread: 1, damaged: [] })
    proxy.fail(undefined)
    expect(await scrub()).toMatchObject({ versions: 1, unread: 0, damaged: [] })
    await own.close()
    await proxy.close()
  })

  it('does not count the bytes of an upload that completes meanwhile', async () => {
    const settings = { ...upstream.settings, prefix: 'meanwhile/' }
    const idOf = (day: number, rest: string) => `${Date.UTC(2025, 1, day).toString(16).padStart(12, '0')}${rest}`
    const [uploadId, partId] = [idOf(1, 'of an upload'), idOf(3, randomBytes(10).toString('hex'))]
    const Key = `${settings.prefix}${partId.slice(-2)}/${partId}`
    await upstream.client.send(new aws.PutObjectCommand({ Bucket: settings.bucket, Key, Body: 'of a part' }))
    const engine = openMemoryEngine()
    const value = encodePieces([wholePiece(partId, 9)])
    const others = Array.from({ length: 60 }, (_, at) => ({
      key: blobKey(idOf(2, String(at).padStart(20, '0'))),
      value: encodePieces([]),
    }))
    await engine.commit({ checks: [], writes: [...others, { key: blobKey(partId), value }] })
    let scans = 0
    const completing = {
      ...forwardingEngine(engine),
      scan: async (...asked: Parameters<typeof engine.scan>) => {
        const page = await engine.scan(...asked)
        const writes = [
          { key: blobKey(partId), value: undefined },
          { key: blobKey(uploadId), value },
        ]
        if (page.length > 0 && scans++ === 0) await engine.commit({ checks: [], writes })
        return page
      },
    }
    const options = { settings, engine: completing, durability: 'strict', log: silentLog, clock: systemClock } as const
    const blobs = await UpstreamBlobs.open({ ...options, verifyReads: 'off' })
    const leftovers: Leftover[] = []
    for await (const one of blobs.inspection.leftovers()) leftovers.push(one)
    expect([scans > 1, leftovers]).toEqual([true, []])
    await blobs.close()
  })
})
