/** fsck and the scrub look at what an upstream store keeps. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as aws from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkFolder } from '#app/folder/check-folder.ts'
import type { Finding } from '#blobs/contract/inspection.ts'
import { openDefaults } from '#model/bucket/new-bucket.ts'
import { silentLog } from '../store/fixtures.ts'
import { startProgram, type TestProgram } from '../support/program.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { clientOf, listUpstream } from './reading.ts'

const Bucket = 'bucket'
const MiB = 1024 * 1024

describe('an upstream store that has lost bytes, and keeps others', () => {
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

  it('is told of by the scrub and by fsck, which sets aside what no record names', async () => {
    program = await startProgram('api', { root, env: { ...upstream.env, MYFSIO_BUCKETS: Bucket } })
    const s3 = clientOf(program)
    const keyOf = new Map<string, string>()
    for (const Key of ['right', 'missing', 'damaged']) {
      const before = (await listUpstream(upstream)).map(({ Key }) => Key)
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: randomBytes(MiB) }))
      const [kept] = (await listUpstream(upstream)).filter((object) => !before.includes(object.Key))
      keyOf.set(Key, kept?.Key ?? '')
    }
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'small', Body: 'in the index' }))
    const own = { Bucket: upstream.settings.bucket }
    await upstream.client.send(new aws.DeleteObjectCommand({ ...own, Key: keyOf.get('missing') }))
    await upstream.client.send(new aws.PutObjectCommand({ ...own, Key: keyOf.get('damaged'), Body: randomBytes(MiB) }))
    const old = `${Date.UTC(2025, 1, 1).toString(16).padStart(12, '0')}${randomBytes(10).toString('hex')}`
    const Key = `${upstream.settings.prefix}${old.slice(-2)}/${old}`
    await upstream.client.send(new aws.PutObjectCommand({ ...own, Key, Body: 'of nobody' }))

    const stretch = { from: { table: 'o', after: undefined }, forMs: 10_000 } as const
    const { signal } = new AbortController()
    const pace = async () => undefined
    const scrubbed = await program.opened.services.store.compareVersions({ ...stretch, signal, pace })
    expect(scrubbed.damaged.map(({ key }) => key)).toEqual(['damaged', 'missing'])
    expect(await program.opened.services.store.countLeftovers(signal)).toBe(1)
    await program.close()
    program = undefined

    const found = [`damaged ${Bucket}/damaged`, `leftover ${Key}`, `missing ${Bucket}/missing`]
    expect((await check(false)).findings).toEqual(found)
    expect((await check(true)).summary).toMatchObject({ versions: 4, findings: 3, repaired: 2 })
    expect((await check(false)).findings).toEqual([found[0]])
  })
})
