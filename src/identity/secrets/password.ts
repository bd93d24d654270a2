/**
 * Passwords as argon2id in PHC form. Parameters:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
 * A hash takes 19 MiB and about 20 ms of a processor, and anonymous requests can cause one. So each process computes
 * one at a time, off the event loop, and refuses requests when more than a few wait.
 */
import { hash, verify } from '@node-rs/argon2'
import { SerialQueue } from '#lib/async/serial-queue.ts'
import { ApiError } from '#model/errors.ts'

/** `Algorithm.Argon2id`, which the package declares as a type-only enum. */
const argon2id = 2
const cost = { algorithm: argon2id, parallelism: 1, timeCost: 2, memoryCost: 19_456, outputLen: 32 }
const waitingMax = 60
const retryAfterSeconds = 2
/** A hash that no password matches, for unknown names: verifying it takes as long as verifying a real one. */
export const hashOfNone =
  '$argon2id$v=19$m=19456,t=2,p=1$zXkBNV8TexDJ/5VNPojXfA$jE8p1u4/6BFDD6iKdyBAbJ3Bkh3RFR6s10ELg/HvIPE'

const queue = new SerialQueue(waitingMax)

/** Throttling. */
export function formatPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFKC'), cost))
}

/**
 * Whether the password matches the hash. `beforeHashing` is called when it is this call's turn and no other runs. If it
 * throws, nothing is hashed. Throttling.
 */
export function isPasswordOf(
  passwordHash: string,
  password: string,
  beforeHashing?: () => Promise<void>,
): Promise<boolean> {
  return inTurn(async () => {
    await beforeHashing?.()
    return isRight(passwordHash, password)
  })
}

async function isRight(passwordHash: string, password: string): Promise<boolean> {
  try {
    return await verify(passwordHash, password.normalize('NFKC'))
  } catch {
    // It is not a hash.
    return false
  }
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (!queue.isFull) return queue.run(work)
  throw new ApiError('Throttling', {
    message: 'Too many passwords are being checked. Try again in a moment.',
    headers: { 'retry-after': String(retryAfterSeconds) },
  })
}
