import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '#app/open-store.ts'
import type { Store } from '#store/contract.ts'

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
  const log = pino({ level: 'silent' })
  const store = await openStore({ root, durability: 'strict', engine: 'lmdb', watch: false, log, isPrimary })
  open.push(store)
  return store
}

async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

it('tells every process what the scan has seen, what is under way, and what is open', async () => {
  mkdirSync(join(root, 'photos', 'deep', 'er'), { recursive: true })
  writeFileSync(join(root, 'photos', 'deep', 'er', 'a.txt'), 'by hand')
  const primary = await start(true)
  const other = await start(false)
  const scan = await until(async () => {
    const { scan } = await other.backgroundWork()
    return scan?.state === 'done' ? scan : undefined
  })
  expect(scan.folders).toBe(3)
  expect(scan.endedAtMs).toBeGreaterThanOrEqual(scan.startedAtMs)

  const bucket = await primary.getBucket('photos')
  const attributes = { headers: {}, userMetadata: {}, storageClass: 'STANDARD', ownerId: bucket.ownerId } as const
  const staged = await primary.stage({
    source: Readable.from([Buffer.from('hello')]),
    sizeBytes: 5,
    maxBytes: 5,
    algorithms: [],
  })
  expect((await other.backgroundWork()).stagedFiles).toBe(1)
  const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: '' } as const
  const beforeMs = Date.now()
  await primary.putObject({ bucket, key: 'b.txt', staged, attributes, checksum, conditions: {} })
  const { pendingWrites, pendingBytes, oldestPendingMs = 0 } = await other.backgroundWork()
  expect([pendingWrites, pendingBytes]).toEqual([1, 5])
  expect(Math.abs(oldestPendingMs - beforeMs)).toBeLessThan(5000)
  const idle = await until(async () => {
    const work = await other.backgroundWork()
    return work.pendingWrites === 0 ? work : undefined
  })
  expect(idle).toMatchObject({ pendingBytes: 0, oldestPendingMs: undefined, stagedFiles: 0, openUploads: 0 })
})
