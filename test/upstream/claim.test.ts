/** Nodes that start for the first time at the same moment, with different places for the bytes. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UpstreamBlobs } from '#blobs/upstream/upstream-blobs.ts'
import { type Clock, systemClock } from '#lib/clock.ts'
import type { Commit } from '#metadata/engine.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { storeKey } from '#metadata/store-key.ts'
import { silentLog } from '../store/fixtures.ts'
import { forwardingEngine } from '../store/forwarding-engine.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { startOwnUpstream, type TestUpstream } from '../support/upstream.ts'

const isStore = (key: Uint8Array) => Buffer.compare(key, storeKey) === 0
const elsewhere = /does not have the bytes of this index/

describe('the first start', () => {
  let upstream: TestUpstream
  let engine: LocalEngine
  let made = 0

  beforeAll(async () => {
    upstream = await startOwnUpstream()
  })
  afterAll(() => upstream.close())
  beforeEach(() => {
    engine = openMemoryEngine()
    made++
  })

  const prefixOf = (place: string) => `${place}-${made}/`
  /** `open` rejects if the node is refused. */
  const open = async (place: string, view: LocalEngine = engine, clock: Clock = systemClock) => {
    const settings = { ...upstream.settings, prefix: prefixOf(place) }
    const options = { durability: 'strict', log: silentLog, verifyReads: 'recent' } as const
    await (await UpstreamBlobs.open({ ...options, settings, engine: view, clock })).close()
  }
  const objectsAt = async (place: string) => {
    const list = new ListObjectsV2Command({ Bucket: upstream.settings.bucket, Prefix: prefixOf(place) })
    return (await upstream.client.send(list)).KeyCount
  }
  /** Stops at its last commit, after it has written the object. */
  function slowNode() {
    let [arrive, goOn] = [() => {}, () => {}]
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const gate = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const commit = async (change: Commit) => {
      const [write] = change.writes
      if (write !== undefined && 'value' in write && Buffer.from(write.value ?? []).includes('isNamed')) {
        arrive()
        await gate
      }
      return engine.commit(change)
    }
    return { view: { ...forwardingEngine(engine), commit }, arrived, goOn: () => goOn() }
  }
  /** Tells when the row of the store was read this often. */
  function watchedNode(times: number) {
    let reads = 0
    let tell = () => {}
    const looked = new Promise<void>((resolve) => {
      tell = resolve
    })
    const get = (key: Uint8Array) => {
      if (isStore(key) && ++reads === times) tell()
      return engine.get(key)
    }
    return { view: { ...forwardingEngine(engine), get }, looked }
  }

  it('of two nodes gives the index one place, and refuses the node with the other', async () => {
    const [slow, other] = [slowNode(), watchedNode(2)]
    const first = open('one', slow.view)
    await slow.arrived
    const second = expect(open('two', other.view)).rejects.toThrow(elsewhere)
    await other.looked
    slow.goOn()
    await first
    await second
    expect([await objectsAt('one'), await objectsAt('two')]).toEqual([1, 0])
  })

  it('of two nodes with one place does not make them wait', async () => {
    const slow = slowNode()
    const first = open('one', slow.view)
    await slow.arrived
    await open('one')
    slow.goOn()
    await first
    await open('one')
  })

  it('is made by another node if the first does not end it, which is refused then', async () => {
    const [slow, other] = [slowNode(), watchedNode(2)]
    const first = expect(open('one', slow.view)).rejects.toThrow(elsewhere)
    await slow.arrived
    const clock = new ManualClock()
    const second = open('two', other.view, clock)
    await other.looked
    await clock.pass(20_000)
    await second
    slow.goOn()
    await first
    expect([await objectsAt('one'), await objectsAt('two')]).toEqual([0, 1])
    await open('two')
  })

  it('goes on where a process has ended after it had written the object', async () => {
    const slow = slowNode()
    void open('one', slow.view)
    await slow.arrived
    await open('one')
    await expect(open('two')).rejects.toThrow(elsewhere)
    slow.goOn()
  })
})
