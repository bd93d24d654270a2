/**
 * What was asked of this server: the last few thousand requests of all processes, in a ring beside the journal of decisions. A request
 * costs its edge one small object; masking and writing come later, in batches. Of a flood only the first of each batch are kept, though
 * errors have room of their own; what is counted is counted whole.
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
  /** ISO 8601, when it was answered. */
  readonly at: string
  readonly operation?: string
  /** `isProven: false`: only claimed, by a signature that did not hold. */
  readonly requester: Pick<Requester, 'type' | 'arn' | 'account' | 'userName'> & {
    readonly accessKeyId: string
    readonly isProven: boolean
  }
  /** Whose bucket it was about; '' if unknown. */
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
  /** The beginning of an XML or JSON body. */
  readonly document?: string
  /** Of a form: its fields, secrets masked. */
  readonly form?: readonly (readonly [name: string, value: string])[]
  /** What it was allowed, and why. */
  readonly allowed?: readonly TracedDecision[]
}

export const statusClasses = ['2xx', '3xx', '4xx', '5xx', 'errors'] as const
export type StatusClass = (typeof statusClasses)[number]

export interface ActivityQuery {
  /** Who looks: only what concerns this account is found. */
  readonly account: string
  readonly bucket?: string
  /** ARN, name or access key; `anonymous`. */
  readonly principal?: string
  readonly operation?: string
  readonly status?: StatusClass
  /** Only what came after this cursor. */
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

interface Pending {
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
  readonly #traffic = new Traffic()
  #pending: Pending[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: ActivityOptions) {
    this.#options = options
    const { engine, capacity = 4000 } = options
    this.#ring = new RecordRing({ engine, turnKey: rowKey('t', 'requests'), table: 'r', capacity })
  }

  /** Called for every request. */
  note(served: ServedRequest): void {
    const { status, bytes, bucketOwnerId, message } = served
    const isError = status >= 400
    const identity = this.#identityOf(served)
    const account = identity?.account ?? ''
    const resourceAccount = bucketOwnerId === undefined ? '' : (this.#options.findAccount(bucketOwnerId) ?? '')
    // Of what is refused, most never arrives.
    const bytesIn = isError ? 0 : Number(message.headers['content-length'] ?? 0)
    const amount = { requests: 1, errors: isError ? 1 : 0, bytesIn, bytesOut: bytes }
    // What concerns no account nobody may see.
    if (account === '' && resourceAccount === '') return
    if (account !== '') this.#traffic.note(account, amount)
    if (resourceAccount !== '' && resourceAccount !== account) this.#traffic.note(resourceAccount, amount)
    this.#timer ??= setTimeout(() => void this.flush(), flushMs).unref()
    if (this.#pending.length >= (isError ? pendingErrorsMax : pendingMax)) return
    const connection = keptConnection(message.socket)
    const form = served.form === undefined ? undefined : maskForm(served.form)
    const kept = { ...served, form: undefined }
    this.#pending.push({ atMs: Date.now(), served: kept, identity, resourceAccount, connection, form, bytesIn })
  }

  /** The newest first, and the cursor to ask with for what comes later. */
  async list(query: ActivityQuery): Promise<{ records: RequestRecord[]; cursor: number }> {
    await this.flush()
    const cursor = await this.#ring.next()
    // A cursor of an index that was lost since.
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
    return readTraffic(this.#options.engine, account, Date.now())
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
          await this.#traffic.prune(engine, Date.now())
        })
        .catch(this.#options.onError)
    }
    return this.#writing
  }

  async close(): Promise<void> {
    await this.flush()
  }

  #newestFirst(end: number): AsyncIterable<Numbered<RequestRecord>> {
    return this.#ring.newestFirst(end)
  }

  #identityOf({ principal, message }: ServedRequest): Identity | undefined {
    if (principal instanceof Identity) return principal
    const claimed = principal === undefined ? claimedAccessKey(message) : undefined
    return claimed === undefined ? undefined : this.#options.findByAccessKey(claimed)
  }

  #recordOf({ atMs, served, identity, resourceAccount, connection, form, bytesIn }: Pending): RequestRecord {
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

/** As with decisions: an account sees what its own requesters ask, and what is asked of its own buckets. */
function concerns({ requester, resourceAccount }: RequestRecord, account: string): boolean {
  return account !== '' && (requester.account === account || resourceAccount === account)
}

/** With the policies that are its own. */
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
