/**
 * A data folder that release 0.2 left when it was killed between commits and moves. Another release must serve all that
 * was acknowledged. Its writes after the first five were committed and never moved: `pending/*`, the fourth version of
 * `key`, a deletion.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Store } from '#store/contract.ts'
import { readObject } from '../read-object.ts'
import { stagedFiles } from '../staged-files.ts'

const uploadId = '01a229cd6a328c6fedcad50ffedb743f66c9b023ef329bf5'
const partBytes = 5 * 1024 * 1024
const partOne = Buffer.alloc(partBytes, 'part one ').toString()

let root: string
let store: Store
const troubles: string[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-older-'))
  execFileSync('tar', ['-xzf', join(import.meta.dirname, 'data-0.2.tar.gz'), '-C', root])
  root = join(root, 'data')
  const note = (_: object, message: string) => void troubles.push(message)
  const log = { info: note, warn: note, error: note }
  store = await openStore({ root, durability: 'strict', engine: 'lmdb', watch: false, log, isPrimary: false })
})
afterAll(async () => {
  await store.close()
  await rm(join(root, '..'), { recursive: true })
})

const text = async (bucket: string, key: string, versionId?: string) =>
  (await readObject(store, bucket, key, versionId)).toString()

describe('a data folder of release 0.2', () => {
  it('serves every current version', async () => {
    expect(await text('plain', 'a/small')).toBe('small, written again')
    expect(await text('plain', 'large')).toBe('large '.repeat(20_000))
    expect(await text('plain', 'empty')).toBe('')
    expect(await text('plain', 'odd//key')).toBe('opaque')
    expect(await text('plain', 'multi')).toBe(`${partOne}part two`)
    expect(await text('paused', 'key')).toBe('null two')
    const { etag, partCount, userMetadata, headers } = await store.headObject('plain', 'multi', undefined)
    expect({ etag, partCount, userMetadata, headers }).toEqual({
      etag: expect.stringMatching(/^[0-9a-f]{32}-2$/),
      partCount: 2,
      userMetadata: { by: 'before' },
      headers: { contentType: 'text/plain' },
    })
    const version = await store.headObject('plain', 'multi', undefined)
    const parts = await store.listObjectParts('plain', version, 0, 10)
    expect(parts.map(({ sizeBytes }) => sizeBytes)).toEqual([partBytes, 8])
  })

  it('has finished the writes that were committed and not moved', async () => {
    expect(await text('plain', 'pending/small')).toBe('pending small')
    expect(await text('plain', 'pending/replaced')).toBe('after')
    expect(await text('plain', 'pending/large')).toBe('pending '.repeat(20_000))
    expect(await text('plain', 'pending//odd')).toBe('pending opaque')
    expect(await text('versioned', 'key')).toBe('four')
    expect(readFileSync(join(root, 'plain/pending/replaced'), 'utf8')).toBe('after')
    expect(readFileSync(join(root, 'versioned/key'), 'utf8')).toBe('four')
    expect(existsSync(join(root, 'versioned/to'))).toBe(false)
    expect(stagedFiles(root)).toEqual([])
    expect(troubles.filter((message) => /adopted|lost|missing|have changed|could not/.test(message))).toEqual([])
  })

  it('serves every older version, by its id', async () => {
    const query = { prefix: '', delimiter: '', limit: 100, keyMarker: '', versionIdMarker: undefined }
    const found: string[] = []
    for (const bucket of ['versioned', 'paused']) {
      for (const { version, isLatest } of (await store.listVersions({ bucket, ...query })).versions) {
        const { key, versionId, isDeleteMarker } = version
        const body = isDeleteMarker ? 'marker' : await text(bucket, key, versionId)
        found.push(`${bucket} ${key} ${isLatest ? 'latest ' : ''}${body}`)
      }
    }
    expect(found).toEqual([
      'versioned from latest marker',
      'versioned key latest four',
      'versioned key three',
      'versioned key two',
      'versioned key one',
      'versioned marked latest marker',
      'versioned marked below',
      'versioned odd//key latest two',
      'versioned odd//key one',
      'versioned to latest marker',
      'versioned to renamed',
      'paused key latest null two',
      'paused key one',
    ])
    expect(await store.bucketUsage('paused')).toEqual({ objectCount: 2, sizeBytes: 11 })
  })

  it('goes on with an upload', async () => {
    const bucket = (await store.getBucket('plain')) as Bucket
    const upload = await store.getUpload('plain', 'unfinished', uploadId)
    const { parts } = await store.listParts(upload, 0, 10)
    expect(parts.map(({ sizeBytes }) => sizeBytes)).toEqual([partBytes, 14])
    await store.completeUpload({
      bucket,
      key: 'unfinished',
      uploadId,
      parts: parts.map(({ partNumber, etag }) => ({ partNumber, etag, checksums: {} })),
      conditions: {},
    })
    expect(await text('plain', 'unfinished')).toBe(`${partOne}the end, again`)
  })
})
