/**
 * Leases: of all processes that share an index, one at a time runs a job. A lease has two rows. The owner's row changes
 * only when another process takes the lease, and contains a number that grows each time. The beat changes every few
 * seconds while the owner lives.
 *
 * Clocks of different processes are never compared: a lease is free when its beat was removed, or when this process has
 * seen the same beat for `leaseMs`. The owner's row is the fence: a commit that checks it fails once another process
 * has taken the lease, however long the previous owner was paused.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '#lib/clock.ts'
import type { Bytes, Check, MetadataEngine, RowEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'

/** Another process has taken the lease. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export const leaseMs = 15_000
const renewEveryMs = leaseMs / 3

interface Owner {
  /** Grows by one with each owner. */
  readonly number: number
  /** A random id of the process. */
  readonly process: string
}

interface Seen {
  readonly beat: Bytes
  readonly sinceMs: number
}

export interface LeasesOptions {
  readonly engine: MetadataEngine
  readonly clock: Clock
}

export class Leases {
  readonly #engine: MetadataEngine
  readonly #clock: Clock
  /** A random id of this process. */
  readonly process = randomBytes(8).toString('hex')
  readonly #seen = new Map<string, Seen>()

  constructor({ engine, clock }: LeasesOptions) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Undefined while another process holds the lease, or may hold it. */
  async take(name: string): Promise<Lease | undefined> {
    const [ownerKey, beatKey] = [ownerKeyOf(name), beatKeyOf(name)]
    const [owner, beat] = await this.#engine.getMany([ownerKey, beatKey])
    if (beat !== undefined && !this.#isSilent(name, beat)) return undefined
    const number = owner === undefined ? 1 : decodeJson<Owner>(owner).number + 1
    const mine = encodeJson({ number, process: this.process } satisfies Owner)
    const takenMs = this.#clock.elapsedMs()
    const committed = await this.#engine.commit({
      checks: [
        { key: ownerKey, is: owner },
        { key: beatKey, is: beat },
      ],
      writes: [
        { key: ownerKey, value: mine },
        { key: beatKey, value: encodeBeat(number, 0) },
      ],
    })
    if (committed === undefined) return undefined
    return new Lease({
      engine: this.#engine,
      clock: this.#clock,
      name,
      number,
      takenMs,
      fence: { key: ownerKey, is: mine },
    })
  }

  /** Whether a process holds the lease. The death of the owner is noticed after `leaseMs`. */
  async isHeld(name: string): Promise<boolean> {
    const beat = await this.#engine.get(beatKeyOf(name))
    return beat !== undefined && !this.#isSilent(name, beat)
  }

  /** The process that holds the lease; undefined if none does. */
  async findOwner(name: string): Promise<string | undefined> {
    const [owner, beat] = await this.#engine.getMany([ownerKeyOf(name), beatKeyOf(name)])
    const isHeld = owner !== undefined && beat !== undefined && !this.#isSilent(name, beat)
    return isHeld ? decodeJson<Owner>(owner).process : undefined
  }

  #isSilent(name: string, beat: Bytes): boolean {
    const nowMs = this.#clock.elapsedMs()
    const seen = this.#seen.get(name)
    if (seen !== undefined && Buffer.compare(seen.beat, beat) === 0) return nowMs - seen.sinceMs >= leaseMs
    this.#seen.set(name, { beat, sinceMs: nowMs })
    return false
  }
}

interface LeaseState extends LeasesOptions {
  readonly name: string
  readonly number: number
  readonly takenMs: number
  /** Requires that the owner's row is the one that this process wrote. */
  readonly fence: Check
}

export class Lease {
  readonly number: number
  /** Its commits fail with LeaseLost once another process holds the lease. */
  readonly engine: RowEngine
  readonly #state: LeaseState
  readonly #lost = new AbortController()
  #renewedMs: number
  #beats = 0
  #cancel = () => {}

  constructor(state: LeaseState) {
    this.#state = state
    this.number = state.number
    this.engine = fencedEngine(state.engine, state.fence)
    this.#renewedMs = state.takenMs
    this.#renewLater()
  }

  /** Aborted when the lease is lost, could not be renewed in time, or was released. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Lets another process take the lease at once. */
  async release(): Promise<void> {
    this.#cancel()
    if (this.signal.aborted) return
    this.#lost.abort()
    await this.#write(undefined)
  }

  #renewLater(): void {
    this.#cancel = this.#state.clock.after(renewEveryMs, () => void this.#renew())
  }

  async #renew(): Promise<void> {
    const begunMs = this.#state.clock.elapsedMs()
    const isRenewed = await this.#write(encodeBeat(this.number, ++this.#beats)).catch(() => undefined)
    if (this.signal.aborted) return
    if (isRenewed === true) this.#renewedMs = begunMs
    // If the index could not be written, the next renewal may still be in time.
    const mayGoOn = isRenewed !== false && this.#state.clock.elapsedMs() - this.#renewedMs < leaseMs
    if (mayGoOn) this.#renewLater()
    else this.#lost.abort(new LeaseLost())
  }

  /** False if another process holds the lease. */
  async #write(beat: Bytes | undefined): Promise<boolean> {
    const { engine, fence, name } = this.#state
    const committed = await engine.commit({ checks: [fence], writes: [{ key: beatKeyOf(name), value: beat }] })
    return committed !== undefined
  }
}

function fencedEngine(engine: MetadataEngine, fence: Check): RowEngine {
  return {
    get: (key) => engine.get(key),
    getMany: (keys) => engine.getMany(keys),
    scan: (range, options) => engine.scan(range, options),
    async commit({ checks, writes }) {
      const committed = await engine.commit({ checks: [fence, ...checks], writes })
      if (committed === undefined && (await engine.commit({ checks: [fence], writes: [] })) === undefined) {
        throw new LeaseLost()
      }
      return committed
    },
  }
}

const ownerKeyOf = (name: string): Buffer => rowKey('k', name, 'owner')
const beatKeyOf = (name: string): Buffer => rowKey('k', name, 'beat')
/** A beat is never written twice. */
const encodeBeat = (number: number, beats: number): Buffer => encodeJson({ number, beats })
