/** A rename whose first attempt does not apply, since its source was replaced meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import type { Store } from '#store/contract.ts'
import { attributes, bucketOf, silentLog } from '../fixtures.ts'
import { forwardingEngine } from '../forwarding-engine.ts'

const bucket = bucketOf('Unversioned')
const checksum = { algorithm: 'MD5', type: 'FULL_OBJECT', value: '' } as const

async function put(store: Store, key: string, text: string) {
  const body = Buffer.from(text)
  const source = Readable.from([body], { objectMode: false })
  const staged = await store.stage({ source, sizeBytes: body.length, maxBytes: 1e9, algorithms: ['MD5'] })
  return store.putObject({ bucket, key, staged, attributes, checksum, conditions: {} })
}

it('leaves the object at its target whole where it is refused in the end', async () => {
  const root = await mkdtemp(join(tmpdir(), 'myfsio-overtaken-'))
  const engine = openMemoryEngine()
  let overtake: (() => Promise<unknown>) | undefined
  const commit: LocalEngine['commit'] = async (wanted) => {
    const once = overtake
    overtake = undefined
    await once?.()
    return engine.commit(wanted)
  }
  const options = { root, durability: 'strict', watch: false, log: silentLog, isPrimary: false } as const
  const store = await openStore({ ...options, engine: { ...forwardingEngine(engine), commit } })
  await store.createBucket(bucket)
  const { etag } = await put(store, 'source', 'first')
  // This key cannot be a path: its bytes are removed by name, and not by another file in their place.
  await put(store, 'a//target', 'kept')
  overtake = () => put(store, 'source', 'second')
  const conditions = { sourceConditions: { ifMatch: etag }, conditions: {} }
  await expect(store.renameObject({ bucket, from: 'source', to: 'a//target', ...conditions })).rejects.toMatchObject({
    code: 'PreconditionFailed',
  })
  const object = await store.openObject('bucket', 'a//target', undefined)
  expect(object.content(0, 4)).toEqual(Buffer.from('kept'))
  await store.close()
  await rm(root, { recursive: true })
})
