/** `myfsio fsck` with METADATA_URL checks the index of nodes while none of them runs. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch } from '../launcher/launcher.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { listUpstream } from '../upstream/reading.ts'
import { startNode, storeIn } from './two-nodes.ts'

describe.skipIf(noPostgres !== undefined)(`fsck of nodes ${noPostgres ?? ''}`, { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'myfsio-fsck-nodes-'))
  let postgres: TestPostgres
  let upstream: TestUpstream

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
  }, 60_000)
  afterAll(async () => {
    await upstream?.close()
    await postgres?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('finds missing bytes, and is refused while nodes run', async () => {
    const store = storeIn(postgres, upstream)
    const fsck = async (...flags: string[]) => {
      const one = launch(['fsck', ...flags], { ...store, STORAGE_ROOT: join(folder, 'another machine') })
      const status = await one.exited
      return { status, output: one.output() }
    }
    const node = await startNode(store)
    const s3 = node.s3()
    await s3.send(new CreateBucketCommand({ Bucket: 'bucket' }))
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'small', Body: 'in the index' }))
    await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'large', Body: randomBytes(100_000) }))
    expect(await fsck()).toMatchObject({ status: 1, output: expect.stringMatching(/nodes use the index.*Stop them/) })
    await node.close()
    expect(await fsck()).toMatchObject({ status: 0, output: expect.stringMatching(/^2 versions .*compared/m) })
    const [kept] = await listUpstream(upstream)
    await upstream.client.send(new DeleteObjectCommand({ Bucket: upstream.settings.bucket, Key: kept?.Key }))
    expect(await fsck()).toMatchObject({ status: 1, output: expect.stringMatching(/^missing +bucket\/large/m) })
    expect((await fsck('--rebuild')).output).toMatch(/Restore the index from a backup/)
  })
})
