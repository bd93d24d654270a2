/** Random bytes drawn in bulk: drawing a few takes as long as drawing thousands. */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let offset = pool.length

/** At most 4,096. The pool keeps no copy of them. */
export function drawRandom(bytes: number): Buffer {
  if (offset + bytes > pool.length) {
    randomFillSync(pool)
    offset = 0
  }
  const drawn = Buffer.from(pool.subarray(offset, offset + bytes))
  pool.fill(0, offset, offset + bytes)
  offset += bytes
  return drawn
}
