/** Servers inside other processes as nodes of one store. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parsePostgresUrl } from '#config/metadata-url.ts'
import { openPostgresEngine } from '#metadata/postgres/engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { startMyFSIO } from '../../src/embed.ts'
import type { MyFSIO } from '../../src/embed-types.ts'
import { noPostgres, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'
import { storeIn } from './two-nodes.ts'

describe.skipIf(noPostgres !== undefined)(`embedded nodes ${noPostgres ?? ''}`, { timeout: 60_000 }, () => {
  let postgres: TestPostgres
  let upstream: TestUpstream
  let store: Readonly<Record<string, string>>
  let folder: string
  let first: MyFSIO

  const credentials = { accessKeyId: 'administrator', secretAccessKey: 'a secret of the administrator' }
  const start = (name: string, settings: Readonly<Record<string, string>> = {}) =>
    startMyFSIO({ root: join(folder, name), credentials, settings: { ...store, ...settings } })
  const clientOf = ({ endpoint, region }: MyFSIO) =>
    new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 })

  beforeAll(async () => {
    postgres = await startPostgres()
    upstream = await startOwnUpstream()
    store = { ...storeIn(postgres, upstream), KMS_ROOT_KEY: 'a root key that all nodes have the same' }
    folder = await mkdtemp(join(tmpdir(), 'myfsio-embedded-'))
    first = await start('first')
  }, 60_000)
  afterAll(async () => {
    await first?.close()
    await upstream?.close()
    await postgres?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('share what they store, and a secret key that is no setting', async () => {
    await clientOf(first).send(new CreateBucketCommand({ Bucket: 'shared' }))
    await using second = await start('second')
    const { Buckets = [] } = await clientOf(second).send(new ListBucketsCommand({}))
    expect(Buckets.map(({ Name }) => Name)).toEqual(['shared'])
  })

  it('are refused with another SECRET_KEY, and with an index of a later version', async () => {
    await expect(start('third', { SECRET_KEY: 'another key than theirs' })).rejects.toThrow(
      /SECRET_KEY is another than that of the nodes that run: /,
    )
    const address = parsePostgresUrl(store.METADATA_URL ?? '')
    if (address === undefined) throw new Error('no address')
    const engine = await openPostgresEngine({ address, space: 'index' })
    const key = rowKey('g', 'format')
    const before = await engine.get(key)
    await engine.commit({ checks: [], writes: [{ key, value: encodeJson({ needs: 99, version: '99.0.0' }) }] })
    await expect(start('fourth')).rejects.toThrow(
      /was used by version 99\.0\.0, whose rows this version, .*, cannot read/,
    )
    await engine.commit({ checks: [], writes: [{ key, value: before }] })
    await engine.close()
  })
})
