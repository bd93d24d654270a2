/** Two processes over one index: each has its own leases and its own clock. */
import { beforeEach, describe, expect, it } from 'vitest'
import { LeaseLost, Leases, leaseMs } from '#jobs/lease.ts'
import type { LocalEngine } from '#metadata/local-engine.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { forwardingEngine } from '../store/forwarding-engine.ts'
import { ManualClock } from '../support/manual-clock.ts'

let engine: LocalEngine
let clocks: { one: ManualClock; two: ManualClock }
let one: Leases
let two: Leases

beforeEach(() => {
  engine = openMemoryEngine()
  // They never agreed on the time.
  clocks = { one: new ManualClock(0), two: new ManualClock(1e12) }
  one = new Leases({ engine, clock: clocks.one })
  two = new Leases({ engine, clock: clocks.two })
})

const key = rowKey('g', 'job')
const write = { checks: [], writes: [{ key, value: Buffer.from('x') }] }

describe('a lease', () => {
  it('is one process’s at a time, and another’s at once when it is released', async () => {
    const lease = await one.take('job')
    expect(lease?.number).toBe(1)
    expect(await two.take('job')).toBeUndefined()
    expect(await two.take('other')).toBeDefined()
    await lease?.release()
    expect((await two.take('job'))?.number).toBe(2)
  })

  it('is taken by one of many that ask at the same moment', async () => {
    const all = Array.from({ length: 8 }, () => new Leases({ engine, clock: clocks.two }))
    const taken = await Promise.all(all.map((leases) => leases.take('job')))
    expect(taken.filter((lease) => lease !== undefined)).toHaveLength(1)
  })

  it('stays with an owner that lives, however long', async () => {
    const lease = await one.take('job')
    for (let waitedMs = 0; waitedMs < 10 * leaseMs; waitedMs += leaseMs / 2) {
      await clocks.one.pass(leaseMs / 2)
      await clocks.two.pass(leaseMs / 2)
      expect(await two.take('job')).toBeUndefined()
    }
    expect(lease?.signal.aborted).toBe(false)
  })

  it('is taken over from an owner that gives no sign of life', async () => {
    await one.take('job')
    expect(await two.isHeld('job')).toBe(true)
    await clocks.two.pass(leaseMs - 1)
    expect(await two.take('job')).toBeUndefined()
    await clocks.two.pass(1)
    expect(await two.isHeld('job')).toBe(false)
    expect((await two.take('job'))?.number).toBe(2)
  })

  it('fences its owner before: what that commits no longer applies, though it knows of nothing', async () => {
    const before = await one.take('job')
    await before?.engine.commit(write)
    expect(await two.take('job')).toBeUndefined()
    await clocks.two.pass(leaseMs)
    const after = await two.take('job')
    await after?.engine.commit({ checks: [], writes: [{ key, value: Buffer.from('later') }] })
    expect(before?.signal.aborted).toBe(false)
    await expect(before?.engine.commit(write)).rejects.toThrow(LeaseLost)
    expect(Buffer.from((await engine.get(key)) ?? []).toString()).toBe('later')
    // The next renewal shows it.
    await clocks.one.pass(leaseMs / 3)
    expect(before?.signal.aborted).toBe(true)
    await before?.release()
    expect(await one.take('job')).toBeUndefined()
  })

  it('lets a commit fail whose own checks fail, as ever', async () => {
    const lease = await one.take('job')
    const unmet = { ...write, checks: [{ key, is: Buffer.from('y') }] }
    expect(await lease?.engine.commit(unmet)).toBeUndefined()
  })

  it('survives an index that cannot be written for a moment, and is given up where that lasts', async () => {
    let isBroken = false
    const commit: LocalEngine['commit'] = async (wanted) => {
      if (isBroken) throw new Error('no room')
      return engine.commit(wanted)
    }
    const lease = await new Leases({ engine: { ...forwardingEngine(engine), commit }, clock: clocks.one }).take('job')
    isBroken = true
    await clocks.one.pass(leaseMs / 3)
    isBroken = false
    await clocks.one.pass(leaseMs)
    expect(lease?.signal.aborted).toBe(false)
    isBroken = true
    await clocks.one.pass(leaseMs)
    expect(lease?.signal.aborted).toBe(true)
  })
})
