import type { SessionData } from 'express-session'
import { describe, expect, it } from 'vitest'
import { forgetExpired } from '#access/sign-in/session-rows.ts'
import type { Notice } from '#console/session/session.ts'
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
    save: (id: string, notice: Notice) =>
      new Promise((resolve) => store.set(id, { ...session, notice } as SessionData, resolve)),
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

  it('keeps a session ended that a request in flight saves or renews', async () => {
    const { clock, get, set, touch, destroy } = open()
    await set('one')
    clock.jump(2 * 60_000)
    await Promise.all([destroy('one'), touch('one')])
    await set('one')
    await touch('one')
    expect(await get('one')).toBeNull()
  })

  it('renews a session without undoing what another request saves meanwhile', async () => {
    const { clock, get, set, touch, save } = open()
    for (let turn = 0; turn < 50; turn++) {
      await set('one')
      clock.jump(2 * 60_000)
      await Promise.all([touch('one'), save('one', { kind: 'done', text: 'Saved' })])
      expect(await get('one')).toMatchObject({ notice: { text: 'Saved' } })
    }
  })

  it('ends what was not used for too long, and sweeps it', async () => {
    const { engine, clock, get, set, touch, count } = open()
    await set('used')
    await set('left')
    clock.jump(idleMs - 1000)
    await touch('used')
    clock.jump(2000)
    expect([(await get('used')) !== null, await get('left')]).toEqual([true, null])
    await forgetExpired(engine, 'w', clock.nowMs())
    expect(await count()).toBe(1)
  })
})
