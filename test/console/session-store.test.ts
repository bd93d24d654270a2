import type { SessionData } from 'express-session'
import { describe, expect, it, vi } from 'vitest'
import { SessionStore } from '#console/session/session-store.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { rowsOf } from '#metadata/tables.ts'

const session = { cookie: { originalMaxAge: 1000 }, signedInAtMs: 5 } as SessionData
const idleMs = 10 * 60_000

function open() {
  const engine = openMemoryEngine()
  const store = new SessionStore(engine, idleMs)
  return {
    store,
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
    const { store, get, set, destroy } = open()
    await set('one')
    expect(await get('one')).toMatchObject({ signedInAtMs: 5 })
    await destroy('one')
    expect(await get('one')).toBeNull()
    store.close()
  })

  it('ends what was not used for too long, and sweeps it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { store, get, set, touch, count } = open()
    await set('used')
    await set('left')
    vi.setSystemTime(Date.now() + idleMs - 1000)
    await touch('used')
    vi.setSystemTime(Date.now() + 2000)
    expect([(await get('used')) !== null, await get('left')]).toEqual([true, null])
    await store.sweep()
    expect(await count()).toBe(1)
    store.close()
    vi.useRealTimers()
  })
})
