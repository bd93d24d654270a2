/**
 * Counts failed attempts per name and address, and locks both together for some time after too many. Attempts from one
 * address never lock out another. Counts in the memory of one process, at once: so it limits attempts that run at the
 * same time. SharedLockout counts for all processes.
 */
import { hash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { networkOf } from '#lib/net/ip-range.ts'
import { rememberUpTo } from '#lib/remember.ts'
import { ApiError } from '#model/errors.ts'

export interface LockoutSettings {
  readonly authMaxAttempts: number
  readonly authLockoutMinutes: number
}

interface Failures {
  count: number
  lastMs: number
}

export interface Lock {
  readonly leftMs: number
  readonly count: number
}

const entriesMax = 10_000

class FailureTable {
  readonly #max: number
  readonly #lockMs: number
  /**
   * Names that are not locked, and names that are, each in the order of their last failure. Each map has its own limit:
   * attempts with made-up names do not end locks, and locks leave room for counting new names.
   */
  readonly #open = new Map<string, Failures>()
  readonly #locked = new Map<string, Failures>()

  constructor(max: number, lockMinutes: number) {
    this.#max = max
    this.#lockMs = lockMinutes * 60_000
  }

  /** Undefined if not locked. */
  findLock(id: string, nowMs: number): Lock | undefined {
    const failures = this.#locked.get(id)
    if (failures === undefined) return undefined
    const leftMs = failures.lastMs + this.#lockMs - nowMs
    if (leftMs > 0) return { leftMs, count: failures.count }
    this.#locked.delete(id)
    return undefined
  }

  add(id: string, nowMs: number): void {
    const before = this.#open.get(id)
    const isRecent = before !== undefined && nowMs - before.lastMs < this.#lockMs
    const failures = { count: isRecent ? before.count + 1 : 1, lastMs: nowMs }
    this.#open.delete(id)
    rememberUpTo(failures.count >= this.#max ? this.#locked : this.#open, entriesMax, id, failures)
  }

  forget(id: string): void {
    this.#open.delete(id)
    this.#locked.delete(id)
  }
}

export interface LockoutOptions {
  readonly clock: Clock
}

export class Lockout {
  readonly #clock: Clock
  readonly #names: FailureTable

  constructor(settings: LockoutSettings, { clock }: LockoutOptions) {
    this.#clock = clock
    const { authMaxAttempts: max, authLockoutMinutes: minutes } = settings
    this.#names = new FailureTable(max, minutes)
  }

  /** AccessDenied while the name is locked for this address. */
  check(name: string, address: string): void {
    const lock = this.#names.findLock(idOf(name, networkOf(address)), this.#clock.nowMs())
    if (lock !== undefined) throw lockedError(lock, 'this name')
  }

  /**
   * Counts an attempt as failed before its result is known, so that none runs uncounted. AccessDenied as from `check`.
   */
  begin(name: string, address: string): void {
    this.check(name, address)
    this.#names.add(idOf(name, networkOf(address)), this.#clock.nowMs())
  }

  /** Takes back what `begin` counted, since the attempt was right. */
  succeed(name: string, address: string): void {
    this.#names.forget(idOf(name, networkOf(address)))
  }
}

/** `what`: `it` is the address. */
export function lockedError({ leftMs, count }: Lock, what: string): ApiError {
  const seconds = String(Math.ceil(leftMs / 1000))
  return new ApiError('AccessDenied', {
    message: `Access temporarily locked. Try again in ${seconds} seconds.`,
    headers: { 'retry-after': seconds },
    cause: new Error(`${count} attempts with wrong secrets from this address have locked ${what} for a while.`),
  })
}

/** Names are cut, since they can be long. */
const idOf = (name: string, network: string): string => hash('sha256', `${network}\0${name}`, 'base64url')
