/**
 * Reads a version: its record, then its bytes. If they are not where the record says, the blob store finds out why, and
 * the record is read again. A writer may be about to move them, or they were changed by hand.
 */

import type { Search } from '#blobs/contract/blob-store.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import type { Awaitable } from '#metadata/engine.ts'
import { asReadError, isForbidden } from '#metadata/storage-error.ts'
import { decodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import { decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectPart, ObjectVersion } from '#model/object/object.ts'
import type { StoreContext } from '#store/context.ts'
import type { OpenObject, ReadAhead } from '#store/contract.ts'
import { OpenVersion, SealedVersion } from './open-version.ts'

/** A third of the attempts pause, in total for longer than a write takes to settle. */
const attempts = 60

export function readAhead(
  { engine }: Pick<StoreContext, 'engine'>,
  bucket: string,
  key: string,
): ReadAhead | undefined {
  if (engine.isRemote !== true) return undefined
  const row = Promise.resolve(engine.get(rowKey('o', bucket, key)))
  // The request may end before it needs the record.
  row.catch(() => undefined)
  return { row }
}

/** Only the record. Without `versionId`: the current version, or the latest one if that is a delete marker. */
export async function findRecord(
  { engine }: Pick<StoreContext, 'engine'>,
  bucket: string,
  key: string,
  versionId: string | undefined,
  ahead?: ReadAhead,
): Promise<StoredVersion | undefined> {
  const value = await (ahead?.row ?? engine.get(rowKey('o', bucket, key)))
  const current = value === undefined ? undefined : decodeVersion(key, value)
  if (current !== undefined && (versionId === undefined || current.versionId === versionId)) return current
  if (versionId === undefined) {
    const [top] = await engine.scan(rowsOf('v', bucket, key), { limit: 1 })
    return top === undefined ? undefined : decodeVersion(key, top.value)
  }
  let order: string | undefined = versionId
  if (versionId === 'null') {
    const pointer = await engine.get(rowKey('n', bucket, key))
    order = pointer === undefined ? undefined : Buffer.from(pointer).toString()
  }
  if (order === undefined || !/^[0-9a-f]{32}$/.test(order)) return undefined
  const other = await engine.get(rowKey('v', bucket, key, order))
  return other === undefined ? undefined : decodeVersion(key, other)
}

/** Examines the bytes of a version; undefined if they are not there. */
type Look<T> = (bucket: string, version: StoredVersion) => Awaitable<T | undefined>

/** Record and bytes that belong together. Undefined if there is no such version; delete markers have no value. */
async function findVerified<T>(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
  look: Look<T>,
  ahead?: ReadAhead,
): Promise<{ version: StoredVersion; value: T | undefined } | undefined> {
  const { blobs } = context
  let search: Search | undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    const version = await findRecord(context, bucket, key, versionId, attempt === 0 ? ahead : undefined)
    if (version === undefined || version.isDeleteMarker) {
      if (versionId === undefined && (await blobs.discover(bucket, key))) continue
      return version === undefined ? undefined : { version, value: undefined }
    }
    // A file that was put at its key by hand is newer.
    if (version.blob.aside !== undefined && versionId === undefined && (await blobs.discover(bucket, key, version))) {
      continue
    }
    const value = await look(bucket, version)
    if (value !== undefined) return { version, value }
    const found = await blobs.search(bucket, version, search)
    if (found === 'unreachable') return undefined
    search = found
  }
  throw new ApiError('SlowDown')
}

const isTrue = (is: boolean) => is || undefined

export async function findVersion(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
  ahead?: ReadAhead,
): Promise<StoredVersion | undefined> {
  const { blobs } = context
  const look: Look<true> = (name, version) => {
    const has = blobs.has(name, version)
    return has instanceof Promise ? has.then(isTrue) : isTrue(has)
  }
  try {
    return (await findVerified(context, bucket, key, versionId, look, ahead))?.version
  } catch (error) {
    throw tellForbidden(context, bucket, key, error)
  }
}

/** The error for the client. An error that the administrator can fix is logged. */
function tellForbidden(context: StoreContext, bucket: string, key: string, error: unknown): unknown {
  if (isForbidden(error)) {
    context.troubles.tellOfFile('warn', error, { bucket, key }, 'the server is not permitted to read an object')
  }
  return asReadError(error)
}

/** The current version, with its bytes in a state in which they can be renamed. */
export async function findSettled(
  context: StoreContext,
  bucket: string,
  key: string,
): Promise<StoredVersion | undefined> {
  const look: Look<true> = async (name, version) => isTrue(await context.blobs.prepareRename(name, version))
  return (await findVerified(context, bucket, key, undefined, look))?.version
}

export async function headObject(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
  ahead?: ReadAhead,
): Promise<ObjectVersion> {
  return readable(key, versionId, await findVersion(context, bucket, key, versionId, ahead))
}

export async function openObject(
  context: StoreContext,
  bucket: string,
  key: string,
  versionId: string | undefined,
  ahead?: ReadAhead,
): Promise<OpenObject> {
  const { blobs } = context
  const look: Look<OpenBlob | 'damaged'> = (name, version) => blobs.open(name, version)
  let failed: StoredVersion | undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    let found: Awaited<ReturnType<typeof findVerified<OpenBlob | 'damaged'>>>
    try {
      found = await findVerified(context, bucket, key, versionId, look, attempt === 0 ? ahead : undefined)
    } catch (error) {
      throw tellForbidden(context, bucket, key, error)
    }
    const version = readable(key, versionId, found?.version)
    const blob = found?.value
    if (blob === undefined) throw new ApiError('InternalError')
    const opened = blob === 'damaged' ? undefined : await openVersion(context, bucket, version, blob)
    if (opened !== undefined) return opened
    // If a change by hand is in progress, or the version was replaced, the second attempt finds it.
    if (failed?.order === version.order) throw blobs.damaged(bucket, version)
    failed = version
    if (blob === 'damaged') await pause()
  }
  throw new ApiError('SlowDown')
}

/** Undefined if the version was removed meanwhile with the list of its parts, which decryption needs. */
async function openVersion(
  context: StoreContext,
  bucket: string,
  version: StoredVersion,
  blob: OpenBlob,
): Promise<OpenObject | undefined> {
  if (version.encryption === undefined) return new OpenVersion(version, blob)
  const parts = await findParts(context, version)
  if (parts === undefined) {
    blob.close()
    return undefined
  }
  const damaged = () => context.blobs.damaged(bucket, version)
  return new SealedVersion(version, blob, (sealed, dataKeys) =>
    context.sealed.unseal(sealed, { parts, dataKeys, version, damaged }),
  )
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 100))

/** The errors of a read: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html */
function readable(key: string, versionId: string | undefined, version: StoredVersion | undefined): StoredVersion {
  if (version === undefined) {
    if (versionId !== undefined) throw new ApiError('NoSuchVersion', { fields: { Key: key, VersionId: versionId } })
    throw new ApiError('NoSuchKey', { fields: { Key: key } })
  }
  if (!version.isDeleteMarker) return version
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId }
  if (versionId === undefined) throw new ApiError('NoSuchKey', { fields: { Key: key }, headers })
  throw new ApiError('MethodNotAllowed', {
    fields: { Method: 'GET', ResourceType: 'DeleteMarker' },
    headers: { ...headers, Allow: 'DELETE', 'Last-Modified': new Date(version.modifiedAtMs).toUTCString() },
  })
}

/** SlowDown if the version has just been replaced or removed. */
export async function listObjectParts(
  context: StoreContext,
  bucket: string,
  version: ObjectVersion,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<ObjectPart[]> {
  const { order } = version as StoredVersion
  const parts = await findParts(context, version)
  if (parts !== undefined) return parts.filter((part) => part.partNumber > after).slice(0, limit)
  const now = await findRecord(context, bucket, version.key, version.versionId)
  if (now?.order !== order) throw new ApiError('SlowDown')
  return []
}

/** All parts of a version that was uploaded in parts. Undefined if the version was removed. */
export async function findParts(
  { engine }: Pick<StoreContext, 'engine'>,
  version: ObjectVersion,
): Promise<ObjectPart[] | undefined> {
  if (version.partCount === 0) return []
  const value = await engine.get(rowKey('m', (version as StoredVersion).blob.id))
  return value === undefined ? undefined : decodeJson<ObjectPart[]>(value)
}
