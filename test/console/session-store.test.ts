import type { SessionData } from 'express-session'
import { describe, expect, it } from 'vitest'
import { forgetExpiredSessions } from '#access/sign-in/session-rows.ts'
import { SessionStore } from '#console/session/session-store.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowsOf } from '#metadata/tables.ts'
import { ManualClock } from '../support/manual-clock.ts'

const session = { cookie: { originalMaxAge: 1000 }, signedInAtMs: 5 } as SessionData
const idleMs = 10 * 60_000

function open() {
  const engine = openMemoryEngine()
  const clock = new ManualClock()
  const store = new SessionStore(engine, idleMs, clock)
  return {
    engine,
    clock,
    count: async () => (await engine.scan(rowsOf('w'))).length,
    get: (id: string) =>
      new Promise((resolve, reject) => store.get(id, (error, found) => (error ? reject(error) : resolve(found)))),
    set: (id: string) => new Promise((resolve) => store.set(id, session, resolve)),
    touch: (id: string) => new Promise<void>((resolve) => store.touch(id, session, resolve)),
    destroy: (id: string) => new Promise((resolve) => store.destroy(id, resolve)),
  }
}

describe('the store of sessions', () => {
  it('keeps, gives and forgets', async () => {
    const { get, set, destroy } = open()
    await set('one')
    expect(await get('one')).toMatchObject({ signedInAtMs: 5 })
    await destroy('one')
    expect(await get('one')).toBeNull()
  })

  it('ends what was not used for too long, and sweeps it', async () => {
    const { engine, clock, get, set, touch, count } = open()
    await set('used')
    await set('left')
    clock.jump(idleMs - 1000)
    await touch('used')
    clock.jump(2000)
    expect([(await get('used')) !== null, await get('left')]).toEqual([true, null])
    await forgetExpiredSessions(engine, clock.nowMs())
    expect(await count()).toBe(1)
  })
})
