import { afterAll, beforeAll, describe } from 'vitest'
import { UpstreamBlobs } from '#blobs/upstream/upstream-blobs.ts'
import { systemClock } from '#lib/clock.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { randomId } from '#metadata/order.ts'
import { silentLog } from '../store/fixtures.ts'
import { type TestUpstream, upstreamStores } from '../support/upstream.ts'
import { appendContract } from './append-contract.ts'
import { blobContract } from './contract.ts'
import type { OpenedBlobs } from './key-rows.ts'
import { sealingAll } from './sealed/sealed-blobs.ts'

describe.each(upstreamStores)('bytes kept by $name', ({ isThere, start }) => {
  let upstream: TestUpstream

  beforeAll(async () => {
    if (isThere) upstream = await start()
  })
  afterAll(() => upstream?.close())

  const open = async (): Promise<OpenedBlobs> => {
    const engine = openMemoryEngine()
    // Each store has its own bytes.
    const settings = { ...upstream.settings, prefix: `${upstream.settings.prefix}${randomId(4)}/` }
    const options = { engine, settings, durability: 'strict', log: silentLog, clock: systemClock } as const
    const blobs = await UpstreamBlobs.open({ ...options, verifyReads: 'always' })
    return { engine, blobs, close: () => blobs.close() }
  }

  describe.skipIf(!isThere)('as they are', () => {
    blobContract(open)
    appendContract(open)
  })

  describe.skipIf(!isThere)('sealed', () => {
    blobContract(async () => sealingAll(await open(), 1))
  })
})
