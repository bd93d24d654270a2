/**
 * Checks that the upstream store can be used and belongs to this index. A row of the index and a small object upstream
 * name each other. With the wrong store, an index would list objects that do not exist.
 */
import { createHash, randomBytes } from 'node:crypto'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { describe, UpstreamProblem } from '#blobs/upstream/client/problem.ts'
import type { Upstream } from '#blobs/upstream/client/upstream.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { storeKey } from '#metadata/store-key.ts'
import { decodeJson, encodeJson, rowsOf } from '#metadata/tables.ts'
import { transact } from '#metadata/transact.ts'
import { ApiError } from '#model/errors.ts'

interface OwnStore {
  readonly kind: 'upstream'
  readonly storeId: string
  /** The object upstream was written. If it is missing, this is another store. */
  readonly isNamed?: true
}

/** Throws StartRefused. */
export async function checkUpstream(engine: MetadataEngine, upstream: Upstream): Promise<void> {
  try {
    upstream.hasMd5Etags = await probe(upstream)
    await claimStore(engine, upstream)
  } catch (error) {
    if (error instanceof StartRefused) throw error
    if (error instanceof UpstreamProblem || error instanceof ApiError) throw refusal(upstream, error)
    throw error
  }
}

/** Writes, reads and removes a small object. Returns whether its ETag is its MD5. */
async function probe(upstream: Upstream): Promise<boolean> {
  const key = `${upstream.settings.prefix}myfsio-probe/${randomBytes(8).toString('hex')}`
  const bytes = Buffer.from('MyFSIO writes this at a start, to know that it can.')
  const { etag } = await upstream.put(key, { source: bytes, sizeBytes: bytes.length })
  const read = await upstream.find(key)
  if (read?.equals(bytes) !== true) throw new UpstreamProblem('reading an object', unlike)
  const failed = await upstream.remove([key])
  for (const message of failed.values()) throw new UpstreamProblem('removing objects', { ...unlike, message })
  return etag === createHash('md5').update(bytes).digest('hex')
}

const unlike = { status: undefined, code: '', message: 'it does not have the bytes that were just written' }

async function claimStore(engine: MetadataEngine, upstream: Upstream): Promise<void> {
  const own = await ownStore(engine)
  const key = `${upstream.settings.prefix}myfsio-store.json`
  const there = await upstream.find(key)
  if (there === undefined) {
    const bytes = encodeJson({ storeId: own.storeId })
    if (own.isNamed) throw new StartRefused(`${whereOf(upstream)} ${withoutName(bytes)}`)
    await upstream.put(key, { source: bytes, sizeBytes: bytes.length })
  } else if (storeIdIn(there) !== own.storeId) {
    throw new StartRefused(
      `${whereOf(upstream)} has the bytes of another store: give BLOBS_URL another prefix, or start with the index that belongs to it.`,
    )
  }
  if (own.isNamed) return
  const named: OwnStore = { ...own, isNamed: true }
  await transact(engine, async (transaction) => transaction.put(storeKey, encodeJson(named)))
}

/** Reads the row of the index, or creates it. */
async function ownStore(engine: MetadataEngine): Promise<OwnStore> {
  const { result } = await transact(engine, async (transaction) => {
    const row = await transaction.get(storeKey)
    if (row !== undefined) return decodeJson<OwnStore>(row)
    for (const table of ['o', 'v'] as const) {
      const range = rowsOf(table)
      if ((await transaction.scan(range, { limit: 1 })).length > 0) throw new StartRefused(plainFilesThere)
      transaction.requireEmpty(range)
    }
    const own: OwnStore = { kind: 'upstream', storeId: randomBytes(12).toString('hex') }
    transaction.put(storeKey, encodeJson(own))
    return own
  })
  return result
}

function storeIdIn(bytes: Buffer): string | undefined {
  try {
    return decodeJson<Partial<OwnStore>>(bytes).storeId
  } catch {
    return undefined
  }
}

const withoutName = (bytes: Buffer) =>
  `does not have the bytes of this index: its object myfsio-store.json is not there. Give BLOBS_URL the bucket and prefix that all nodes have. If the bytes are there, put ${bytes} into that object.`

const plainFilesThere =
  'BLOBS_URL cannot be used with this index: its objects are plain files. Start without BLOBS_URL, or with another STORAGE_ROOT.'

const whereOf = ({ settings: { bucket, prefix, endpoint } }: Upstream) =>
  `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`

function refusal(upstream: Upstream, error: Error): StartRefused {
  const { code, status } = error instanceof UpstreamProblem ? error : describe(error.cause)
  const where = whereOf(upstream)
  if (code === 'NoSuchBucket')
    return new StartRefused(`${where} cannot be used: there is no such bucket. Create it first.`)
  if (status === 401 || status === 403 || code === 'CredentialsProviderError') {
    const advice =
      'Check BLOBS_ACCESS_KEY_ID, BLOBS_SECRET_ACCESS_KEY, and what they may do: read, write, list and delete objects.'
    return new StartRefused(`${where} refuses access (${code}). ${advice}`)
  }
  return new StartRefused(`${where} cannot be reached or written to: ${error.message}.`)
}
