import { afterEach, describe, expect, it } from 'vitest'
import { forgetExpired } from '#access/sign-in/session-rows.ts'
import { SharedLockout } from '#access/sign-in/shared-lockout.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import { ManualClock } from '../support/manual-clock.ts'

const settings = { authMaxAttempts: 5, authLockoutMinutes: 15 }
let engine = openMemoryEngine()
afterEach(() => {
  engine = openMemoryEngine()
})

const openLockout = (clock = new ManualClock(), attemptsOfAddress?: number) =>
  new SharedLockout(settings, { door: 'console', engine, clock, ...(attemptsOfAddress && { attemptsOfAddress }) })
const isLocked = (lockout: SharedLockout, name: string, address: string) =>
  lockout.check(name, address).then(
    () => false,
    () => true,
  )

describe('a lockout that processes share', () => {
  it('counts the failures of all of them', async () => {
    const [one, other] = [openLockout(), openLockout()]
    for (let at = 0; at < 3; at++) await one.begin('admin', '192.0.2.1')
    for (let at = 0; at < 2; at++) await other.begin('admin', '192.0.2.1')
    expect(await isLocked(one, 'admin', '192.0.2.1')).toBe(true)
    await expect(other.begin('admin', '192.0.2.1')).rejects.toThrow(/Try again in 900 seconds/)
    expect(await isLocked(one, 'admin', '192.0.2.2')).toBe(false)
  })

  it('lets no more attempts run than it allows, however many begin at once', async () => {
    const lockouts = [openLockout(), openLockout()]
    const attempts = Array.from({ length: 30 }, (_, at) => lockouts[at % 2]?.begin('admin', '192.0.2.1'))
    const outcomes = await Promise.allSettled(attempts)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })

  it('of an address comes after four times as many failures, whatever the names', async () => {
    const lockout = openLockout(new ManualClock(), 4)
    for (let at = 0; at < 20; at++) await lockout.begin(`name-${at}`, '192.0.2.1')
    expect(await isLocked(lockout, 'another', '192.0.2.1')).toBe(true)
    expect(await isLocked(lockout, 'another', '192.0.2.2')).toBe(false)
  })

  it('does not come of attempts that were right', async () => {
    const lockout = openLockout(new ManualClock(), 4)
    for (let at = 0; at < 30; at++) {
      await lockout.begin('admin', '192.0.2.1')
      await lockout.succeed('admin', '192.0.2.1')
    }
    expect(await isLocked(lockout, 'admin', '192.0.2.1')).toBe(false)
    expect(await engine.scan(rowsOf('F'))).toEqual([])
  })

  it('ends after its time, and leaves nothing behind', async () => {
    const clock = new ManualClock()
    const lockout = openLockout(clock)
    for (let at = 0; at < 5; at++) await lockout.begin('admin', '192.0.2.1')
    await clock.pass(15 * 60_000)
    expect(await isLocked(lockout, 'admin', '192.0.2.1')).toBe(false)
    await forgetExpired(engine, 'F', clock.nowMs())
    expect(await engine.scan(rowsOf('F'))).toEqual([])
  })
})
