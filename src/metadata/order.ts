/** Version ids: 32 hex digits that sort newest first: 14 of inverted time, 18 random ones. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '#lib/clock.ts'

const ticksPerMs = 1024
const highest = Number.MAX_SAFE_INTEGER
let lastTicks = 0

/** An order newer than every order made earlier in this process, and newer than `newest`. */
export function newOrder(newest: string | undefined, nowMs: number = systemClock.nowMs()): string {
  let ticks = Math.max(nowMs * ticksPerMs, lastTicks + 1)
  if (newest !== undefined) ticks = Math.max(ticks, highest - Number.parseInt(newest.slice(0, 14), 16) + 1)
  lastTicks = ticks
  return hexOf(highest - ticks) + randomId(9)
}

/** 14 digits, from two integers of 28 bits. V8 converts larger numbers much more slowly, by division. */
function hexOf(ticks: number): string {
  const high = Math.floor(ticks / 2 ** 28)
  return high.toString(16).padStart(7, '0') + (ticks - high * 2 ** 28).toString(16).padStart(7, '0')
}

/** Milliseconds, as exact as the clock of the process that made it. */
export const timeOfOrder = (order: string): number =>
  Math.floor((highest - Number.parseInt(order.slice(0, 14), 16)) / ticksPerMs)

/** Hex, two digits a byte. Random bytes are drawn in bulk: one system call is enough for hundreds of ids. */
export function randomId(bytes: number): string {
  if (poolOffset + bytes > pool.length) {
    pool = randomBytes(4096)
    poolOffset = 0
  }
  poolOffset += bytes
  return pool.toString('hex', poolOffset - bytes, poolOffset)
}
let pool = Buffer.alloc(0)
let poolOffset = 0
