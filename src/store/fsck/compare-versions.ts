/**
 * Compares versions with their records, in steps of bounded time. Nothing is repaired, but files changed by hand are
 * adopted, as on every read. Leftover files are only counted; `myfsio fsck --repair` handles them.
 */
import type { Pace } from '#blobs/contract/inspection.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { eachRow, rowParts, rowsAfter, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { DamagedVersion } from '#model/work-status.ts'
import type { StoreContext } from '#store/context.ts'
import type { Compared, CompareStretch, VersionPosition } from '#store/contract.ts'
import { findVersion } from '#store/reads/read.ts'

/**
 * Compares at least one version, however long it takes. A version is left to the next step if its comparison was
 * interrupted. `pace` may throw once `signal` is aborted.
 */
export async function compareVersions(context: StoreContext, stretch: CompareStretch): Promise<Compared> {
  const { from, forMs, signal } = stretch
  const { clock } = context
  const startMs = clock.elapsedMs()
  const range = rowsOf(from.table)
  const rest = from.after === undefined ? range : rowsAfter(range, Buffer.from(from.after, 'base64'), 'row')
  const compared = { versions: 0, bytes: 0, damaged: [] as DamagedVersion[], unread: 0 }
  let last: VersionPosition = from
  for await (const { key, value } of eachRow(context.engine, rest, 100)) {
    const [bucket = '', name = ''] = rowParts(key)
    const version = decodeVersion(name, value)
    if (!version.isDeleteMarker) {
      const what = await compareVersion(context, bucket, version, stretch)
      if (signal.aborted) return { ...compared, next: last }
      if (what === unread) compared.unread++
      else {
        if (what !== undefined) compared.damaged.push({ bucket, key: name, versionId: version.versionId, what })
        compared.versions++
        compared.bytes += version.sizeBytes
      }
    }
    last = { table: from.table, after: Buffer.from(key).toString('base64') }
    if (clock.elapsedMs() - startMs > forMs) return { ...compared, next: last }
  }
  return { ...compared, next: from.table === 'o' ? { table: 'v', after: undefined } : undefined }
}

const unread = Symbol('unread')

/** A sentence about its damage; undefined if there is none. */
async function compareVersion(
  context: StoreContext,
  bucket: string,
  version: StoredVersion,
  { signal, pace }: CompareStretch,
): Promise<string | typeof unread | undefined> {
  const startMs = performance.now()
  let pacedMs = 0
  const rest: Pace = async (busyMs) => {
    pacedMs += busyMs
    const restMs = performance.now()
    await pace(busyMs)
    pacedMs += performance.now() - restMs
  }
  try {
    const what = await findDamageTold(context, bucket, version, rest)
    await pace(Math.max(0, performance.now() - startMs - pacedMs))
    return what
  } catch (error) {
    if (signal.aborted) return undefined
    // The file changes again and again, or may not be read. Its bytes are not damaged.
    context.troubles.tellOfFile('warn', error, { bucket, key: version.key }, 'a file could not be scrubbed')
    return unread
  }
}

async function findDamageTold(
  context: StoreContext,
  bucket: string,
  version: StoredVersion,
  pace: Pace,
): Promise<string | undefined> {
  const { key, versionId } = version
  const what = await findDamage(context, bucket, version, pace).catch((error: unknown) => {
    if (hasCode(error, 'EIO')) return 'The disk cannot read the file.'
    throw error
  })
  if (what === undefined) return undefined
  const message = 'the scrub has found a version without its bytes'
  context.troubles.tellOfFile('error', undefined, { bucket, key, versionId }, message)
  return what
}

async function findDamage(
  context: StoreContext,
  bucket: string,
  version: StoredVersion,
  pace: Pace,
): Promise<string | undefined> {
  const verdict = await context.blobs.inspection.compare(bucket, version, { pace, mayWrite: true })
  if (verdict === 'right' || verdict === 'moved') return undefined
  if (verdict === 'damaged') return 'The file has other bytes than were stored.'
  try {
    // Changes by hand are adopted, and bytes that were moved meanwhile are found.
    const found = await findVersion(context, bucket, version.key, version.versionId)
    const isSame = (found as StoredVersion | undefined)?.order === version.order
    return isSame && context.blobs.byHand === undefined ? 'The bytes are missing.' : undefined
  } catch (error) {
    if (error instanceof ApiError && error.code === 'InternalError') return 'The file is missing.'
    throw error
  }
}

/** Ends early when `signal` is aborted. */
export async function countLeftovers(context: StoreContext, signal: AbortSignal): Promise<number> {
  let leftovers = 0
  for await (const _ of context.blobs.inspection.leftovers()) {
    if (signal.aborted) break
    leftovers++
  }
  return leftovers
}
