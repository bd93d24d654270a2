import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEngine, openStore } from '#app/open-store.ts'
import type { Store } from '#store/contract.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { silentLog as log } from './fixtures.ts'
import { forwardingEngine } from './forwarding-engine.ts'
import { workOf } from './store-work.ts'

let root: string
let open: Store[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'myfsio-background-'))
  open = []
})
afterEach(async () => {
  for (const store of open) await store.close()
  rmSync(root, { recursive: true, force: true })
})

async function start(isPrimary: boolean): Promise<Store> {
  const store = await openStore({ root, durability: 'strict', engine: 'lmdb', watch: false, log, isPrimary })
  open.push(store)
  return store
}

it('tells every process what the scan has seen, what is under way, and what is open', async () => {
  mkdirSync(join(root, 'photos', 'deep', 'er'), { recursive: true })
  writeFileSync(join(root, 'photos', 'deep', 'er', 'a.txt'), 'by hand')
  const primary = await start(true)
  const other = await start(false)
  await expect.poll(async () => (await workOf(other, 'scan')).endedAtMs).toBeDefined()
  const scan = await workOf(other, 'scan')
  expect(scan).toMatchObject({ state: 'idle', figures: { folders: 3 } })
  expect(scan.endedAtMs).toBeGreaterThanOrEqual(scan.startedAtMs ?? 0)

  const bucket = await primary.getBucket('photos')
  const attributes = { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId: bucket.ownerId } as const
  const staged = await primary.stage({
    source: Readable.from([Buffer.from('hello')]),
    sizeBytes: 5,
    maxBytes: 5,
    algorithms: [],
  })
  expect(await workOf(other, 'staging')).toMatchObject({ state: 'running', figures: { files: 1 } })
  const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: '' } as const
  const beforeMs = Date.now()
  await primary.putObject({ bucket, key: 'b.txt', staged, attributes, checksum, conditions: {} })
  const settling = await workOf(other, 'settling')
  expect(settling).toMatchObject({ state: 'running', figures: { writes: 1, bytesInIndex: 5 } })
  expect(Math.abs((settling.startedAtMs ?? 0) - beforeMs)).toBeLessThan(5000)
  await expect.poll(async () => (await workOf(other, 'settling')).state, { timeout: 10_000 }).toBe('idle')
  expect(await workOf(other, 'settling')).toMatchObject({ figures: { writes: 0, bytesInIndex: 0 } })
  expect(await workOf(other, 'staging')).toMatchObject({ state: 'idle', figures: { files: 0 } })
  expect(await workOf(other, 'uploads')).toMatchObject({ state: 'idle', figures: { uploads: 0 } })
})

it('tells a scan that was interrupted from one that goes on, whatever process asks', async () => {
  mkdirSync(join(root, 'photos'))
  const engine = openEngine({ root, durability: 'none', engine: 'memory' })
  const clock = new ManualClock()
  const common = { root, durability: 'none', watch: false, log, clock } as const
  // The scan waits for the bucket that it would adopt.
  let goOn = () => {}
  const adopting = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const commit: typeof engine.commit = async (wanted) => {
    const isAdoption = wanted.writes.some(
      (write) => 'key' in write && Buffer.from(write.key).toString() === 'b\0photos',
    )
    if (isAdoption) await adopting
    return engine.commit(wanted)
  }
  const kept = { ...forwardingEngine(engine), close: async () => {} }
  open.push(await openStore({ ...common, engine: { ...kept, commit }, isPrimary: true }))
  const other = await openStore({ ...common, engine: kept, isPrimary: false })
  open.push(other)
  await expect.poll(async () => (await workOf(other, 'scan')).state).toBe('running')
  await clock.pass(60_000)
  expect((await workOf(other, 'scan')).state).toBe('running')
  clock.jump(60_000)
  expect(await workOf(other, 'scan')).toMatchObject({ state: 'failed', endedAtMs: undefined })
  goOn()
  await expect.poll(async () => (await workOf(other, 'scan')).state).toBe('idle')
})
