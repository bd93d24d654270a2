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
