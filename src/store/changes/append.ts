/**
 * PutObject with x-amz-write-offset-bytes: one commit adds bytes to the current version and makes the result the new
 * one.
 */
import type { IncomingBody, StagedBlob } from '#blobs/contract/incoming.ts'
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import type { AsideReason } from '#metadata/blob-ref.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { crc64nvmeOf, decodeVersion, type StoredVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { appendedObject, appendedParts, assertWriteOffset, nextPartNumber } from '#model/object/append.ts'
import type { DataKeys } from '#model/object/encryption.ts'
import type { ObjectPart, ObjectVersion } from '#model/object/object.ts'
import type { StoreContext } from '#store/context.ts'
import type { OpenObject, Staged, Store } from '#store/contract.ts'
import type { OpenVersion, SealedVersion } from '#store/reads/open-version.ts'
import { findParts } from '#store/reads/read.ts'
import { commitChange, noChange } from './commit-change.ts'
import { checkWriteConditions } from './conditions.ts'
import { makeCurrent, type NewVersion, prepareWrite } from './publish.ts'

type Append = Parameters<Store['putAppended']>[0]

/** Bytes appended to an encrypted version are encrypted with its data keys, as another part of it. */
export async function stageAppend(
  context: StoreContext,
  to: OpenObject,
  body: IncomingBody,
  dataKeys: DataKeys | undefined,
): Promise<Staged> {
  const { version, kept } = to as OpenVersion | SealedVersion
  const { encryption } = version
  if (encryption === undefined) return context.blobs.stageAppend(kept, body)
  if (dataKeys === undefined) throw new Error('appending to an encrypted version needs its data keys')
  const sealing = { encryption, dataKeys }
  if (version.sizeBytes === 0) {
    kept.close()
    return context.sealed.stage(body, sealing)
  }
  // If its parts are missing, the version was replaced, and nothing is appended to it.
  const partNumber = nextPartNumber((await findParts(context, version)) ?? [])
  const keptCrc64nvme = keptCrc64nvmeOf(version) ?? ''
  return context.sealed.stageAppend(kept, body, { ...sealing, partNumber, keptCrc64nvme })
}

export async function putAppended(context: StoreContext, append: Append): Promise<ObjectVersion> {
  const { blobs } = context
  const { bucket, key, base, conditions, origin } = append
  const staged = append.staged as StagedBlob
  const discard = () => blobs.discard(staged)
  await prepareWrite(context, { bucket, key, isAside: base.encryption !== undefined }, discard)
  const options = { origin, cause: 'Put', isAwaited: false, discard } as const
  const version = await commitChange(context, bucket.name, options, async (transaction, record) => {
    const value = await transaction.get(rowKey('o', bucket.name, key))
    const current = value === undefined ? undefined : decodeVersion(key, value)
    checkWriteConditions(conditions, key, current)
    const before = requireSame(append, current)
    if (staged.sizeBytes === 0) return { result: before, change: undefined }
    const parts = appendedParts(before, await partsIn(transaction, before), staged)
    const change = noChange(bucket.name, key, context)
    const fresh = freshOf(context, record, before, staged)
    const version = await makeCurrent(context, transaction, record, fresh, {}, change)
    change.arrived = { ref: version.blob, bytes: staged.bytes }
    if (version.partCount > 0) transaction.put(rowKey('m', version.blob.id), encodeJson(parts))
    return { result: version, change }
  })
  if (staged.sizeBytes === 0) discard()
  return version
}

/**
 * The staged bytes start with those of `base`. InvalidWriteOffset if it has grown, OperationAborted if it is another
 * object of the same size.
 */
function requireSame({ base }: Append, current: StoredVersion | undefined): StoredVersion {
  if (current !== undefined && current.order === (base as StoredVersion).order) return current
  assertWriteOffset(base.sizeBytes, current?.sizeBytes ?? 0)
  throw new ApiError('OperationAborted')
}

async function partsIn(transaction: Transaction, { partCount, blob }: StoredVersion): Promise<ObjectPart[]> {
  const row = partCount === 0 ? undefined : await transaction.get(rowKey('m', blob.id))
  return row === undefined ? [] : decodeJson<ObjectPart[]>(row)
}

/** With all attributes of the previous version except its lock, which protects one version only. */
function freshOf(
  { blobs }: StoreContext,
  { versioning }: Bucket,
  { lock: _, ...before }: StoredVersion,
  staged: StagedBlob,
): NewVersion {
  const { key, sizeBytes, encryption, annotations, versionId } = before
  const crc64nvme = crc64nvmeOf(before)
  if (crc64nvme === undefined) throw withoutChecksum()
  const isKept = versioning === 'Enabled' || versionId !== 'null'
  return {
    ...appendedObject(before, crc64nvme, staged),
    key,
    sizeBytes: sizeBytes + staged.sizeBytes,
    attributes: before,
    encryption,
    blobOf: (aside: AsideReason | undefined) => blobs.asCurrent(key, staged.ref, aside),
    // They belong to one version: a previous version that stays keeps them.
    annotations: isKept ? undefined : annotations,
  }
}

/** An object of an older release that the scrub has not reached yet. */
const withoutChecksum = () =>
  new ApiError('InvalidRequest', {
    message: 'You can append only to an object with a full checksum. Copy the object onto itself, or start the scrub.',
  })
