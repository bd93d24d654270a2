/**
 * The last few thousand requests of all processes, in a ring beside the journal of decisions. A request costs one small
 * object; masking and writing happen later, in batches. Of many requests only the first of each batch are kept, with
 * separate room for errors. The traffic counts are complete.
 */

import { claimedAccessKey } from '#access/caller/claimed-key.ts'
import type { Connection } from '#access/caller/connection.ts'
import { keptConnection } from '#access/caller/connection.ts'
import { AllowedDecisions, type TracedDecision } from '#access/decide/allowed-decisions.ts'
import type { ContextOptions } from '#access/decide/request-context.ts'
import { Identity } from '#identity/identity.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { encodeJson, rowKey } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'
import type { ServedRequest } from '#model/served-request.ts'
import { anonymousRequester, type Requester } from '#policy/requester.ts'
import { maskForm, maskHeaders, maskTarget } from './masked-request.ts'
import { type Numbered, RecordRing } from './record-ring.ts'
import { readTraffic, type Stretch, Traffic } from './traffic.ts'
import { withOwnPolicies } from './visible-decision.ts'

export interface RequestRecord {
  readonly id: string
  /** ISO 8601: the time of the answer. */
  readonly at: string
  readonly operation?: string
  /** `isProven: false`: claimed by an invalid signature. */
  readonly requester: Pick<Requester, 'type' | 'arn' | 'account' | 'userName'> & {
    readonly accessKeyId: string
    readonly isProven: boolean
  }
  /** Canonical id of the bucket's owner; '' if unknown. */
  readonly resourceAccount: string
  readonly bucket: string
  readonly key: string
  readonly status: number
  readonly errorCode?: string
  readonly decisionId?: string
  readonly bytesIn: number
  readonly bytes: number
  readonly durationMs: number
  readonly sourceAddress?: string
  readonly userAgent?: string
  readonly method: string
  /** Path and query, as received but masked. */
  readonly target: string
  readonly httpVersion: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The beginning of an XML or JSON body, secrets masked. */
  readonly document?: string
  /** The fields of a form, secrets masked. */
  readonly form?: readonly (readonly [name: string, value: string])[]
  /** The decisions that allowed the request, with their traces. */
  readonly allowed?: readonly TracedDecision[]
}

export const statusClasses = ['2xx', '3xx', '4xx', '5xx', 'errors'] as const
export type StatusClass = (typeof statusClasses)[number]

export interface ActivityQuery {
  /** The account of the reader. Only requests that concern it are found. */
  readonly account: string
  readonly bucket?: string
  /** ARN, name or access key; `anonymous`. */
  readonly principal?: string
  readonly operation?: string
  readonly status?: StatusClass
  /** Only requests after this cursor. */
  readonly after?: number
  readonly limit: number
}

export interface ActivityOptions {
  readonly engine: MetadataEngine
  readonly findAccount: (canonicalId: string) => string | undefined
  readonly findByAccessKey: (accessKeyId: string) => Identity | undefined
  readonly context: ContextOptions
  readonly capacity?: number
  readonly onError: (error: unknown) => void
}

interface UnwrittenRequest {
  readonly atMs: number
  readonly served: ServedRequest
  readonly identity: Identity | undefined
  readonly resourceAccount: string
  readonly connection: Connection
  readonly form: RequestRecord['form']
  readonly bytesIn: number
}

const flushMs = 1000
const pendingMax = 100
const pendingErrorsMax = 200

export class Activity {
  readonly #options: ActivityOptions
  readonly #ring: RecordRing<RequestRecord>
  readonly #traffic: Traffic
  #pending: UnwrittenRequest[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: ActivityOptions) {
    this.#options = options
    const { engine, capacity = 4000, context } = options
    this.#traffic = new Traffic(context.clock)
    this.#ring = new RecordRing({ engine, turnKey: rowKey('t', 'requests'), table: 'r', capacity })
  }

  /** Called for every request. */
  record(served: ServedRequest): void {
    const { status, bytes, bucketOwnerId, message } = served
    const isError = status >= 400
    const identity = this.#identityOf(served)
    const account = identity?.account ?? ''
    const resourceAccount = bucketOwnerId === undefined ? '' : (this.#options.findAccount(bucketOwnerId) ?? '')
    // Most refused requests are answered before their body is read.
    const bytesIn = isError ? 0 : Number(message.headers['content-length'] ?? 0)
    const amount = { requests: 1, errors: isError ? 1 : 0, bytesIn, bytesOut: bytes }
    // No account may see requests that concern none.
    if (account === '' && resourceAccount === '') return
    if (account !== '') this.#traffic.count(account, amount)
    if (resourceAccount !== '' && resourceAccount !== account) this.#traffic.count(resourceAccount, amount)
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref()
    if (this.#pending.length >= (isError ? pendingErrorsMax : pendingMax)) return
    const connection = keptConnection(message.socket)
    const form = served.form === undefined ? undefined : maskForm(served.form)
    const kept = { ...served, form: undefined }
    this.#pending.push({ atMs: this.#nowMs(), served: kept, identity, resourceAccount, connection, form, bytesIn })
  }

  /** The newest first, with the cursor for asking for later ones. */
  async list(query: ActivityQuery): Promise<{ records: RequestRecord[]; cursor: number }> {
    await this.flush()
    const cursor = await this.#ring.next()
    // The cursor is from an index that was lost.
    const after = query.after === undefined || query.after > cursor ? 0 : query.after
    const records: RequestRecord[] = []
    for await (const { number, record } of this.#newestFirst(cursor)) {
      if (number < after || records.length >= query.limit) break
      if (isAsked(record, query)) records.push(shownTo(query.account, record))
    }
    return { records, cursor }
  }

  async find(id: string, account: string): Promise<RequestRecord | undefined> {
    await this.flush()
    for await (const { record } of this.#newestFirst(await this.#ring.next())) {
      if (record.id === id) return concerns(record, account) ? shownTo(account, record) : undefined
    }
    return undefined
  }

  async traffic(account: string): Promise<Stretch[]> {
    await this.flush()
    return readTraffic(this.#options.engine, account, this.#nowMs())
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#pending
    this.#pending = []
    if (batch.length > 0 || !this.#traffic.isEmpty) {
      const count = this.#traffic.take()
      this.#writing = this.#writing
        .then(async () => {
          const { engine } = this.#options
          const values = batch.map((one) => encodeJson(this.#recordOf(one)))
          await transact(engine, async (transaction) => {
            if (values.length > 0) await this.#ring.append(transaction, values)
            count(transaction)
          })
          await this.#traffic.prune(engine, this.#nowMs())
        })
        .catch(this.#options.onError)
    }
    return this.#writing
  }

  async close(): Promise<void> {
    await this.flush()
  }

  #nowMs(): number {
    return this.#options.context.clock.nowMs()
  }

  #newestFirst(end: number): AsyncIterable<Numbered<RequestRecord>> {
    return this.#ring.newestFirst(end)
  }

  #identityOf({ principal, message }: ServedRequest): Identity | undefined {
    if (principal instanceof Identity) return principal
    const claimed = principal === undefined ? claimedAccessKey(message) : undefined
    return claimed === undefined ? undefined : this.#options.findByAccessKey(claimed)
  }

  #recordOf({ atMs, served, identity, resourceAccount, connection, form, bytesIn }: UnwrittenRequest): RequestRecord {
    const { operation, errorCode, decisionId, message } = served
    const { context } = this.#options
    const { headers } = message
    const sourceAddress = context.clientAddress.address({ socket: connection, headers })
    const userAgent = headers['user-agent']?.slice(0, 512)
    return {
      id: served.id,
      at: new Date(atMs).toISOString(),
      ...(operation === undefined ? {} : { operation }),
      requester: describe(identity, served.principal !== undefined),
      resourceAccount,
      bucket: served.bucketName.slice(0, 255),
      key: served.key.slice(0, 1024),
      status: served.status,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(decisionId === undefined ? {} : { decisionId }),
      bytesIn,
      bytes: served.bytes,
      durationMs: Math.round(served.durationMs * 100) / 100,
      ...(sourceAddress === undefined ? {} : { sourceAddress }),
      ...(userAgent === undefined ? {} : { userAgent }),
      method: message.method ?? '',
      target: maskTarget(message.url ?? '/'),
      httpVersion: message.httpVersion,
      headers: maskHeaders(message.rawHeaders),
      ...(served.document === undefined ? {} : { document: served.document }),
      ...(form === undefined || form.length === 0 ? {} : { form }),
      ...(served.allowed instanceof AllowedDecisions ? { allowed: served.allowed.trace(connection, context) } : {}),
    }
  }
}

/** As for decisions: an account sees the requests of its own requesters, and those for its own buckets. */
function concerns({ requester, resourceAccount }: RequestRecord, account: string): boolean {
  return account !== '' && (requester.account === account || resourceAccount === account)
}

/** Only the account's own policies are shown. */
function shownTo(account: string, record: RequestRecord): RequestRecord {
  const { allowed, requester } = record
  if (allowed === undefined) return record
  const shown = allowed.map((one) =>
    withOwnPolicies(account, one, { requester: requester.account, resource: one.resourceAccount }),
  )
  return { ...record, allowed: shown }
}

function isAsked(record: RequestRecord, { account, bucket, principal, operation, status }: ActivityQuery): boolean {
  if (!concerns(record, account)) return false
  if (bucket !== undefined && record.bucket !== bucket) return false
  if (operation !== undefined && record.operation?.toLowerCase() !== operation.toLowerCase()) return false
  if (status !== undefined && !isOfClass(record.status, status)) return false
  if (principal === undefined) return true
  const { type, arn, userName, accessKeyId } = record.requester
  if (principal === 'anonymous') return type === 'anonymous' && accessKeyId === ''
  return [arn, userName, accessKeyId].includes(principal)
}

function isOfClass(status: number, wanted: StatusClass): boolean {
  return wanted === 'errors' ? status >= 400 : String(status)[0] === wanted[0]
}

function describe(identity: Identity | undefined, isProven: boolean): RequestRecord['requester'] {
  const { type, arn, account, userName } = identity?.requester ?? anonymousRequester
  const accessKeyId = identity?.accessKeyId ?? ''
  return { type, arn, account, accessKeyId, isProven, ...(userName === undefined ? {} : { userName }) }
}
