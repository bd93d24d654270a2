import { describe, expect, it } from 'vitest'
import { Lockout } from '#access/sign-in/lockout.ts'
import { systemClock } from '#lib/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'

const settings = { authMaxAttempts: 5, authLockoutMinutes: 15 }
const isLocked = (lockout: Lockout, name: string, address: string): boolean => {
  try {
    lockout.check(name, address)
    return false
  } catch {
    return true
  }
}
const fail = (lockout: Lockout, name: string, address: string, times = 5) => {
  for (let at = 0; at < times; at++) lockout.begin(name, address)
}

describe('a lockout', () => {
  it('is of a name from an address: others come in from elsewhere', () => {
    const lockout = new Lockout(settings, { clock: systemClock })
    fail(lockout, 'admin', '192.0.2.1')
    expect(isLocked(lockout, 'admin', '192.0.2.1')).toBe(true)
    expect(isLocked(lockout, 'admin', '192.0.2.2')).toBe(false)
    expect(isLocked(lockout, 'other', '192.0.2.1')).toBe(false)
  })

  it('is not escaped by another address of the same /64', () => {
    const lockout = new Lockout(settings, { clock: systemClock })
    for (let at = 1; at <= 5; at++) lockout.begin('admin', `2001:db8:0:1::${at}`)
    expect(isLocked(lockout, 'admin', '2001:db8:0:1:ffff:ffff:ffff:ffff')).toBe(true)
    expect(isLocked(lockout, 'admin', '2001:db8:0:2::1')).toBe(false)
  })

  it('does not come of attempts that were right', () => {
    const lockout = new Lockout(settings, { clock: systemClock })
    for (let at = 0; at < 100; at++) {
      lockout.begin('admin', '192.0.2.1')
      lockout.succeed('admin', '192.0.2.1')
    }
    expect(isLocked(lockout, 'admin', '192.0.2.1')).toBe(false)
  })

  it('stays whatever number of names is made up afterwards', () => {
    const lockout = new Lockout(settings, { clock: systemClock })
    fail(lockout, 'admin', '192.0.2.1')
    for (let at = 0; at < 25_000; at++) fail(lockout, `made-up-${at}`, '192.0.2.1', 1)
    expect(isLocked(lockout, 'admin', '192.0.2.1')).toBe(true)
  })

  it('that is the oldest goes first where there is no room for more', () => {
    const lockout = new Lockout(settings, { clock: systemClock })
    for (let at = 0; at < 10_001; at++) fail(lockout, `name-${at}`, '192.0.2.1')
    expect(isLocked(lockout, 'name-0', '192.0.2.1')).toBe(false)
    expect(isLocked(lockout, 'name-1', '192.0.2.1')).toBe(true)
    expect(isLocked(lockout, 'name-10000', '192.0.2.1')).toBe(true)
  })

  it('ends after its time', () => {
    const clock = new ManualClock()
    const lockout = new Lockout(settings, { clock })
    fail(lockout, 'admin', '192.0.2.1')
    clock.jump(15 * 60_000)
    expect(isLocked(lockout, 'admin', '192.0.2.1')).toBe(false)
    fail(lockout, 'admin', '192.0.2.1', 4)
    expect(isLocked(lockout, 'admin', '192.0.2.1')).toBe(false)
  })
})
