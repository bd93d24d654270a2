/**
 * Checks that the upstream store can be used and belongs to this index. A row of the index and a small object upstream
 * name each other. With the wrong store, an index would list objects that do not exist.
 */
import { createHash, randomBytes } from 'node:crypto'
import { StartRefused } from '#blobs/contract/start-refused.ts'
import { describe, UpstreamProblem } from '#blobs/upstream/client/problem.ts'
import type { Upstream } from '#blobs/upstream/client/upstream.ts'
import type { Clock } from '#lib/clock.ts'
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import { confirmClaim, type OwnStore, ownStore, waitForClaim } from './store-claim.ts'

/** Throws StartRefused. */
export async function checkUpstream(engine: MetadataEngine, upstream: Upstream, clock: Clock): Promise<void> {
  try {
    upstream.hasMd5Etags = await probe(upstream)
    await claimStore(engine, upstream, clock)
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

async function claimStore(engine: MetadataEngine, upstream: Upstream, clock: Clock): Promise<void> {
  const key = `${upstream.settings.prefix}myfsio-store.json`
  const place = whereOf(upstream)
  for (;;) {
    const own = await ownStore(engine, place)
    const there = await upstream.find(key)
    const isAbsent = there === undefined
    if (!isAbsent && storeIdIn(there) !== own.storeId) throw new StartRefused(`${place} ${ofAnother}`)
    if (isAbsent && own.isNamed) throw new StartRefused(`${place} ${withoutName(nameOf(own))}`)
    if (isAbsent && own.place !== place) {
      await waitForClaim(engine, own, { place, clock })
      continue
    }
    if (isAbsent) await upstream.put(key, { source: nameOf(own), sizeBytes: nameOf(own).length })
    if (own.isNamed || (await confirmClaim(engine, own))) return
    // Another node was faster. Its store may be the same one, under another address.
    const now = isAbsent ? await upstream.find(key) : undefined
    if (now !== undefined && storeIdIn(now) === own.storeId) await upstream.remove([key])
  }
}

const nameOf = ({ storeId }: OwnStore): Buffer => encodeJson({ storeId })

function storeIdIn(bytes: Buffer): string | undefined {
  try {
    return decodeJson<Partial<OwnStore>>(bytes).storeId
  } catch {
    return undefined
  }
}

const withoutName = (bytes: Buffer) =>
  `does not have the bytes of this index: its object myfsio-store.json is not there. Give BLOBS_URL the bucket and prefix that all nodes have. If the bytes are there, put ${bytes} into that object.`

const ofAnother =
  'has the bytes of another store: give BLOBS_URL another prefix, or start with the index that belongs to it.'

const otherTime =
  'refuses the time of this machine (RequestTimeTooSkewed): its clock is wrong, or that of the store. Set it, for example with NTP.'

const whereOf = ({ settings: { bucket, prefix, endpoint } }: Upstream) =>
  `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`

function refusal(upstream: Upstream, error: Error): StartRefused {
  const { code, status } = error instanceof UpstreamProblem ? error : describe(error.cause)
  const where = whereOf(upstream)
  if (code === 'NoSuchBucket')
    return new StartRefused(`${where} cannot be used: there is no such bucket. Create it first.`)
  if (code === 'RequestTimeTooSkewed') return new StartRefused(`${where} ${otherTime}`)
  if (status === 401 || status === 403 || code === 'CredentialsProviderError') {
    const advice =
      'Check BLOBS_ACCESS_KEY_ID, BLOBS_SECRET_ACCESS_KEY, and what they may do: read, write, list and delete objects.'
    return new StartRefused(`${where} refuses access (${code}). ${advice}`)
  }
  return new StartRefused(`${where} cannot be reached or written to: ${error.message}.`)
}
