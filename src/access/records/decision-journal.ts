/**
 * The last few thousand refusals of all processes with their reasons, in a ring. Records are written in batches after
 * the answer; their traces are computed then. Any number of refusals costs a bounded number of records: the newest are
 * kept.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, sleep } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'
import type { ErrorCode } from '#model/errors.ts'
import type { Decision } from '#policy/evaluate/evaluate.ts'
import type { PolicyTrace } from '#policy/evaluate/explain.ts'
import type { Requester } from '#policy/requester.ts'
import { RecordRing } from './record-ring.ts'

export interface DecisionRecord {
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  /** `Allow`: allowed because of ENFORCE=log. */
  readonly outcome: 'Allow' | 'Deny'
  readonly code: ErrorCode
  readonly message: string
  readonly requester: Pick<Requester, 'type' | 'arn' | 'account' | 'userName'> & { readonly accessKeyId: string }
  readonly sourceAddress: string | undefined
  /** The server's own account, when neither requester nor resource has one. */
  readonly account?: string
  /** Undefined if there was no decision, because the signature was wrong. */
  readonly request?: {
    readonly action: string
    readonly resource: string
    readonly resourceAccount: string
    readonly bucket?: string
  }
  readonly decision?: Decision
  readonly policies?: readonly PolicyTrace[]
  /** A hint about a wrong signature. */
  readonly hint?: string
}

export type Draft = Omit<DecisionRecord, 'id' | 'at'>

export interface DecisionQuery {
  /** ARN, name, or access key of the requester. */
  readonly user?: string
  readonly bucket?: string
  readonly outcome?: string
  readonly limit: number
  /** Whether the reader may see the record. */
  readonly isVisible: (record: DecisionRecord) => boolean
}

export interface JournalOptions {
  readonly engine: MetadataEngine
  /** Number of records kept. */
  readonly capacity?: number
  readonly clock: Clock
  readonly onError: (error: unknown) => void
}

interface UnwrittenDecision {
  readonly id: string
  readonly at: string
  readonly draft: () => Draft
}

const flushMs = 200
const pendingMax = 100
const recordBytesMax = 64 * 1024

export class DecisionJournal {
  readonly #engine: MetadataEngine
  readonly #clock: Clock
  readonly #ring: RecordRing<DecisionRecord>
  readonly #onError: (error: unknown) => void
  #pending: UnwrittenDecision[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor({ engine, capacity = 2000, clock, onError }: JournalOptions) {
    this.#engine = engine
    this.#clock = clock
    this.#ring = new RecordRing({ engine, turnKey: rowKey('t'), table: 'j', capacity })
    this.#onError = onError
  }

  /** Returns the id at once. `draft` is called later, when the record is written. It may never be called. */
  record(draft: () => Draft): string {
    const id = randomBytes(8).toString('hex')
    if (this.#pending.length >= pendingMax) this.#pending.shift()
    this.#pending.push({ id, at: new Date(this.#clock.nowMs()).toISOString(), draft })
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref()
    return id
  }

  /** Another process may be about to write it. */
  async find(id: string): Promise<DecisionRecord | undefined> {
    for (const waitMs of [0, flushMs * 2]) {
      if (waitMs > 0) await sleep(this.#clock, waitMs)
      for await (const record of this.#newestFirst()) if (record.id === id) return record
    }
    return undefined
  }

  async list({ user, bucket, outcome, limit, isVisible }: DecisionQuery): Promise<DecisionRecord[]> {
    const found: DecisionRecord[] = []
    for await (const record of this.#newestFirst()) {
      if (found.length >= limit) break
      const { arn, userName, accessKeyId } = record.requester
      if (user !== undefined && ![arn, userName, accessKeyId].includes(user)) continue
      if (bucket !== undefined && record.request?.bucket !== bucket) continue
      if (outcome !== undefined && record.outcome !== outcome) continue
      if (isVisible(record)) found.push(record)
    }
    return found
  }

  /** Afterwards every process can find all records so far. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#pending
    this.#pending = []
    if (batch.length > 0) this.#writing = this.#writing.then(() => this.#write(batch)).catch(this.#onError)
    return this.#writing
  }

  async close(): Promise<void> {
    await this.flush()
  }

  async #write(batch: readonly UnwrittenDecision[]): Promise<void> {
    const values = batch.flatMap((pending) => this.#encode(pending) ?? [])
    await transact(this.#engine, (transaction) => this.#ring.append(transaction, values))
  }

  #encode({ id, at, draft }: UnwrittenDecision): Buffer[] | undefined {
    try {
      return [encodeBounded({ id, at, ...draft() })]
    } catch (error) {
      this.#onError(error)
      return undefined
    }
  }

  async *#newestFirst(): AsyncIterable<DecisionRecord> {
    await this.flush()
    for await (const { record } of this.#ring.newestFirst(await this.#ring.next())) yield record
  }
}

/** A trace that is too long is left out. */
function encodeBounded(record: DecisionRecord): Buffer {
  const value = encodeJson(record)
  return value.length <= recordBytesMax ? value : encodeJson({ ...record, policies: [] })
}
