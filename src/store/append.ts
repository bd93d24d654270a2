/** PutObject with x-amz-write-offset-bytes: bytes are added to the current version in one commit, as a new one of its key. */
import type { StagedBlob } from '#blobs/contract/incoming.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import { crc64nvmeOf, decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import { appendedObject, appendedParts, assertWriteOffset } from '#model/object/append.ts'
import type { ObjectPart, ObjectVersion } from '#model/object/object.ts'
import { commitChange, noChange } from './commit-change.ts'
import { checkWriteConditions } from './conditions.ts'
import type { StoreContext } from './context.ts'
import type { IncomingBody, OpenObject, Staged, Store } from './contract.ts'
import type { OpenVersion } from './open-version.ts'
import { makeCurrent, type NewVersion, prepareVersioned } from './publish.ts'

type Append = Parameters<Store['putAppended']>[0]

export function stageAppend({ blobs }: StoreContext, to: OpenObject, body: IncomingBody): Promise<Staged> {
  return blobs.stageAppend((to as OpenVersion).blob, body)
}

export async function putAppended(context: StoreContext, append: Append): Promise<ObjectVersion> {
  const { blobs } = context
  const { bucket, key, conditions, origin } = append
  const staged = append.staged as StagedBlob
  const discard = () => blobs.discard(staged)
  await prepareVersioned(context, append, discard)
  const options = { origin, cause: 'Put', isAwaited: false, discard } as const
  const version = await commitChange(context, bucket.name, options, async (transaction, record) => {
    const value = await transaction.get(rowKey('o', bucket.name, key))
    const current = value === undefined ? undefined : decodeVersion(key, value)
    checkWriteConditions(conditions, key, current)
    const before = requireSame(append, current)
    if (staged.sizeBytes === 0) return { result: before, change: undefined }
    const crc64nvme = crc64nvmeOf(before)
    if (crc64nvme === undefined) throw withoutChecksum()
    const partsRow = before.partCount === 0 ? undefined : await transaction.get(rowKey('m', before.blob.id))
    const parts = partsRow === undefined ? [] : decodeJson<ObjectPart[]>(partsRow)
    const fresh: NewVersion = {
      ...appendedObject(before, crc64nvme, staged),
      key,
      sizeBytes: staged.ref.sizeBytes,
      attributes: before,
      // They belong to a version: the one that is kept keeps them.
      annotations: record.versioning === 'Enabled' || before.versionId !== 'null' ? undefined : before.annotations,
      blob: blobs.asCurrent(key, staged.ref),
    }
    const change = noChange(bucket.name, key, context)
    const version = await makeCurrent(blobs, transaction, record, fresh, {}, change)
    change.arrived = { ref: fresh.blob, bytes: staged.bytes }
    if (version.partCount > 0) {
      transaction.put(rowKey('m', version.blob.id), encodeJson(appendedParts(before, parts, staged)))
    }
    return { result: version, change }
  })
  if (staged.sizeBytes === 0) discard()
  return version
}

/** The staged bytes begin with those of `base`. InvalidWriteOffset if it has grown, OperationAborted if it is another of the same size. */
function requireSame({ base }: Append, current: StoredVersion | undefined): StoredVersion {
  if (current !== undefined && current.order === (base as StoredVersion).order) return current
  assertWriteOffset(base.sizeBytes, current?.sizeBytes ?? 0)
  throw new ApiError('OperationAborted')
}

/** An object of an older release, until the scrub has come to it. */
const withoutChecksum = () =>
  new ApiError('InvalidRequest', {
    message: 'You can append only to an object with a full checksum. Copy the object onto itself, or start the scrub.',
  })
