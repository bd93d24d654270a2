/**
 * Like Lockout, but counted by all processes and nodes together in rows of the index. Once an address is locked, its
 * attempts write no more rows. A job removes expired rows.
 */
import { hash } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import { networkOf } from '#lib/net/ip-range.ts'
import type { Bytes, MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { type Transaction, transact } from '#metadata/transact.ts'
import { type LockoutSettings, lockedError } from './lockout.ts'

interface Failures {
  readonly count: number
  /** The failures expire at this time. */
  readonly expiresAtMs: number
}

/** Several people may share an address. */
export const attemptsOfAddress = 4

export interface SharedLockoutOptions {
  /** The kind of sign-in: attempts at one kind do not count for another. */
  readonly door: string
  readonly engine: MetadataEngine
  readonly clock: Clock
  /** How many times `authMaxAttempts` an address may fail over all names; undefined: no limit. */
  readonly attemptsOfAddress?: number
}

/** A counter that an attempt increments. */
interface Counted {
  readonly key: Buffer
  readonly max: number
  /** Such as `this name`. */
  readonly what: string
}

export class SharedLockout {
  readonly #settings: LockoutSettings
  readonly #options: SharedLockoutOptions

  constructor(settings: LockoutSettings, options: SharedLockoutOptions) {
    this.#settings = settings
    this.#options = options
  }

  /** AccessDenied while the name is locked for this address, or the address is locked. */
  async check(name: string, address: string): Promise<void> {
    const counted = this.#countedOf(name, address)
    const rows = await this.#options.engine.getMany(counted.map(({ key }) => key))
    for (const [at, one] of counted.entries()) this.#refuseLocked(one, this.#failuresIn(rows[at]))
  }

  /**
   * Counts an attempt as failed before its result is known, so that none runs uncounted. AccessDenied as from `check`.
   */
  async begin(name: string, address: string): Promise<void> {
    const expiresAtMs = this.#options.clock.nowMs() + this.#settings.authLockoutMinutes * 60_000
    await this.#change(this.#countedOf(name, address), (one, failures, transaction) => {
      this.#refuseLocked(one, failures)
      transaction.put(one.key, encodeJson({ count: (failures?.count ?? 0) + 1, expiresAtMs } satisfies Failures))
    })
  }

  /** Takes back what `begin` counted, since the attempt was right. */
  async succeed(name: string, address: string): Promise<void> {
    const [ofName, ofAddress] = this.#countedOf(name, address)
    await this.#change(
      [ofName, ofAddress].flatMap((one) => one ?? []),
      (one, failures, transaction) => {
        if (one === ofName || failures === undefined || failures.count <= 1) transaction.remove(one.key)
        else transaction.put(one.key, encodeJson({ ...failures, count: failures.count - 1 }))
      },
    )
  }

  #countedOf(name: string, address: string): Counted[] {
    const { door, attemptsOfAddress } = this.#options
    const { authMaxAttempts: max } = this.#settings
    const network = networkOf(address)
    const ofName = { key: rowKey('F', door, idOf(network, name)), max, what: 'this name' }
    if (attemptsOfAddress === undefined) return [ofName]
    return [ofName, { key: rowKey('F', door, idOf(network)), max: max * attemptsOfAddress, what: 'it' }]
  }

  async #change(
    all: readonly Counted[],
    change: (one: Counted, failures: Failures | undefined, transaction: Transaction) => void,
  ): Promise<void> {
    await transact(this.#options.engine, async (transaction) => {
      for (const one of all) change(one, this.#failuresIn(await transaction.get(one.key)), transaction)
    })
  }

  #failuresIn(value: Bytes | undefined): Failures | undefined {
    const failures = value === undefined ? undefined : decodeJson<Failures>(value)
    return failures !== undefined && failures.expiresAtMs > this.#options.clock.nowMs() ? failures : undefined
  }

  #refuseLocked({ max, what }: Counted, failures: Failures | undefined): void {
    if (failures === undefined || failures.count < max) return
    throw lockedError({ leftMs: failures.expiresAtMs - this.#options.clock.nowMs(), count: failures.count }, what)
  }
}

/** Names are hashed, since they can be long, and may be a secret that was typed into the wrong field. */
const idOf = (network: string, name?: string): string =>
  hash('sha256', name === undefined ? network : `${network}\0${name}`, 'base64url')
