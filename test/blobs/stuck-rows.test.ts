import { afterEach, expect, it, vi } from 'vitest'
import { StuckRows } from '#blobs/files/settling/stuck-rows.ts'

afterEach(() => void vi.useRealTimers())

it('plays a row again at its time, however far the clock is set back meanwhile', async () => {
  let tell = () => {}
  const due = new Promise<void>((resolve) => {
    tell = resolve
  })
  const rows = new StuckRows<string>(() => tell())
  rows.keep('row', 20)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60 * 86_400_000 })
  rows.keep('other', 60_000)
  await due
  expect(rows.take({ areAllDue: false }).map(({ row }) => row)).toEqual(['row'])
  rows.close()
})

it('waits again for a row if its timer fires early', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const rows: StuckRows<string> = new StuckRows(() => rows.take({ areAllDue: false }))
  rows.keep('row', 60_000)
  // The clock for durations does not move.
  vi.advanceTimersByTime(70_000)
  expect(vi.getTimerCount()).toBe(1)
  rows.close()
})
