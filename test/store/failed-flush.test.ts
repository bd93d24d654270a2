/** A disk that fails at the flush of a commit: the client gets an error, but the commit is visible, and may last. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import type { Store } from '#store/contract.ts'
import { readObject } from '../read-object.ts'
import { stagedFiles } from '../staged-files.ts'
import { attributes, bucketOf, silentLog } from './fixtures.ts'
import { forwardingEngine } from './forwarding-engine.ts'

const bucket = bucketOf('Unversioned')
const checksum = { algorithm: 'MD5', type: 'FULL_OBJECT', value: '' } as const

describe('a commit that fails', () => {
  let root: string
  let store: Store
  let failure: 'before' | 'at its flush' | undefined
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'myfsio-flush-'))
    const engine = openMemoryEngine()
    const failing: LocalEngine = {
      ...forwardingEngine(engine),
      async commit(commit) {
        if (failure === 'before') throw new Error('no space')
        const committed = await engine.commit(commit)
        if (failure === 'at its flush') throw new Error('the disk fails')
        return committed
      },
    }
    store = await openStore({
      root,
      durability: 'strict',
      watch: false,
      log: silentLog,
      isPrimary: false,
      engine: failing,
    })
    await store.createBucket(bucket)
  })
  afterEach(async () => {
    failure = undefined
    await store.close()
    await rm(root, { recursive: true })
  })

  async function put(value: string): Promise<void> {
    const body = Buffer.from(value.padEnd(70_000))
    const source = { source: Readable.from([body]), sizeBytes: body.length, maxBytes: body.length, algorithms: [] }
    const staged = await store.stage(source)
    await store.putObject({ bucket, key: 'key', staged, checksum, attributes, conditions: {} })
  }
  async function read(): Promise<string> {
    return (await readObject(store, 'bucket', 'key')).toString('utf8', 0, 3)
  }

  it('leaves the old object, and no file of the new one', async () => {
    await put('old')
    failure = 'before'
    await expect(put('new')).rejects.toThrow('no space')
    expect(await read()).toBe('old')
    expect(stagedFiles(root)).toEqual([])
  })

  it('at its flush leaves the new object whole', async () => {
    await put('old')
    failure = 'at its flush'
    await expect(put('new')).rejects.toThrow('the disk fails')
    failure = undefined
    expect(await read()).toBe('new')
  })
})
