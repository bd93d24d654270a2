import { randomBytes } from 'node:crypto'

let prefix = ''
let counter = 0

/** 16 upper-case hex digits: a random start for each process, then counted up. */
export function nextRequestId(): string {
  if (counter === 0) prefix = randomBytes(5).toString('hex').toUpperCase()
  const id = prefix + (0x1000000 + counter).toString(16).slice(1).toUpperCase()
  counter = (counter + 1) & 0xffffff
  return id
}

/** `x-amz-id-2`: constant for a process, so it identifies the process that answered. */
export const hostId = randomBytes(32).toString('base64')
