import { describe, expect, it } from 'vitest'
import { SharedFlush } from '#metadata/lmdb/log/shared-flush.ts'

describe('a shared flush', () => {
  function controlled(delayMs = 0) {
    const running: { resolve(): void; reject(error: Error): void }[] = []
    const shared = new SharedFlush(() => new Promise((resolve, reject) => running.push({ resolve, reject })), delayMs)
    const until = async (count: number) => {
      while (running.length < count) await new Promise((resolve) => setImmediate(resolve))
    }
    return { running, shared, until }
  }

  it('is the next for all who ask while one is under way', async () => {
    const { running, shared, until } = controlled()
    const first = shared.soon()
    await until(1)
    const [second, third] = [shared.soon(), shared.soon()]
    expect(second).not.toBe(first)
    expect(third).toBe(second)
    running[0]?.resolve()
    await first
    await until(2)
    running[1]?.resolve()
    await third
    expect(running).toHaveLength(2)
  })

  it('fails for those who asked for it, and not for the next', async () => {
    const { running, shared, until } = controlled()
    const first = shared.soon()
    await until(1)
    const second = shared.soon()
    running[0]?.reject(new Error('EIO'))
    await expect(first).rejects.toThrow('EIO')
    await until(2)
    running[1]?.resolve()
    await second
    await shared.idle()
  })

  it('waits for more to ask, but not when somebody needs it now', async () => {
    const { running, shared, until } = controlled(60_000)
    const patient = shared.soon()
    await new Promise((resolve) => setImmediate(resolve))
    expect(running).toHaveLength(0)
    const hasty = shared.now()
    await until(1)
    running[0]?.resolve()
    await Promise.all([patient, hasty])
  })
})
