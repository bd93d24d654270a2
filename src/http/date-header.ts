/** The header Date by a given clock. Clients whose clock is wrong sign their next requests by it. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '#lib/clock.ts'

export function createDateHeader(clock: Clock): (response: ServerResponse) => void {
  let second = Number.NaN
  let text = ''
  return (response) => {
    const now = Math.floor(clock.nowMs() / 1000)
    if (now !== second) {
      second = now
      text = new Date(now * 1000).toUTCString()
    }
    response.setHeader('date', text)
  }
}
