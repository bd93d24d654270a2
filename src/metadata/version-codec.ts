/**
 * The row of an object version: the fields that a listing needs at fixed offsets, then the rest as JSON. So a page of
 * 1,000 keys is read without parsing JSON.
 */
import type { Acl } from '#model/access/acl.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import type { ObjectLock } from '#model/object/lock/lock.ts'
import {
  type ChecksumAlgorithm,
  type ChecksumType,
  checksumAlgorithms,
  type ObjectVersion,
  storageClasses,
} from '#model/object/object.ts'
import type { AsideReason, BlobRef } from './blob-ref.ts'
import { asBuffer, type Bytes } from './engine.ts'

/** A version with the fields that only storage needs. */
export interface StoredVersion extends ObjectVersion {
  /** Sorts newest first; the version id of all but null versions. */
  readonly order: string
  /** The place of the bytes. Its id is also part of the key of the row of a multipart object's parts. */
  readonly blob: BlobRef
  /**
   * Base64 of the CRC64NVME of all bytes, if `checksum` is another one (see `crc64nvmeOf`). Older releases kept none.
   */
  readonly crc64nvme?: string
}

/**
 * Base64 of the CRC64NVME of all bytes; undefined for delete markers, and where an older release kept another checksum.
 */
export function crc64nvmeOf({
  checksum,
  crc64nvme,
}: Pick<StoredVersion, 'checksum' | 'crc64nvme'>): string | undefined {
  return checksum?.algorithm === 'CRC64NVME' && checksum.type === 'FULL_OBJECT' ? checksum.value : crc64nvme
}

const formatVersion = 1
const head = 57
const checksumTypes: readonly ChecksumType[] = ['FULL_OBJECT', 'COMPOSITE']

interface Tail {
  v: string
  r: string
  /**
   * The blob: id; the id again unless its kind is 0, for older releases; size, if it differs from the version's;
   * whether it is arriving, and kept aside; detail.
   */
  f: string
  p?: string
  z?: number
  y?: 1
  s?: AsideReason
  d?: unknown
  c?: string
  h?: object
  m?: object
  w?: string
  t?: object
  a?: Acl
  l?: ObjectLock
  x?: string
  n?: AnnotationSet
  e?: ObjectEncryption
}

export function encodeVersion(version: StoredVersion): Buffer {
  const { blob } = version
  const tail: Tail = { v: version.versionId, r: version.order, f: blob.id }
  if (blob.kind !== 0) tail.p = blob.id
  if (blob.sizeBytes !== version.sizeBytes) tail.z = blob.sizeBytes
  if (blob.detail !== undefined) tail.d = blob.detail
  if (version.checksum !== undefined) tail.c = version.checksum.value
  if (Object.keys(version.headers).length > 0) tail.h = version.headers
  if (Object.keys(version.userMetadata).length > 0) tail.m = version.userMetadata
  if (version.websiteRedirectLocation !== undefined) tail.w = version.websiteRedirectLocation
  if (version.tags !== undefined) tail.t = version.tags
  if (version.acl !== undefined) tail.a = version.acl
  if (version.lock !== undefined) tail.l = version.lock
  if (version.crc64nvme !== undefined) tail.x = version.crc64nvme
  if (version.encryption !== undefined) tail.e = version.encryption
  if (blob.isArriving !== undefined) tail.y = 1
  if (version.annotations !== undefined) tail.n = version.annotations
  if (blob.aside !== undefined) tail.s = blob.aside
  const json = JSON.stringify(tail)
  const owner = version.ownerId
  const row = Buffer.allocUnsafe(head + owner.length + Buffer.byteLength(json))
  row[0] = formatVersion
  row[1] = version.isDeleteMarker ? 1 : 0
  row[2] = storageClasses.indexOf(version.storageClass)
  row[3] = version.checksum === undefined ? 0 : checksumAlgorithms.indexOf(version.checksum.algorithm) + 1
  row[4] = version.checksum === undefined ? 0 : checksumTypes.indexOf(version.checksum.type)
  row[5] = blob.kind
  row.writeUInt16LE(version.partCount, 6)
  row.writeDoubleLE(version.sizeBytes, 8)
  row.writeDoubleLE(version.modifiedAtMs, 16)
  row.writeDoubleLE(blob.stamp, 24)
  row.writeDoubleLE(blob.secondStamp, 32)
  row.write(version.isDeleteMarker ? ''.padEnd(32, '0') : version.etag, 40, 16, 'hex')
  row[56] = owner.length
  row.write(owner, head, 'latin1')
  row.write(json, head + owner.length)
  return row
}

export function decodeVersion(key: string, value: Bytes): StoredVersion {
  const row = asBuffer(value)
  if (row[0] !== formatVersion)
    throw new Error(`the index holds a row of format ${row[0]}, this program reads ${formatVersion}`)
  const ownerEnd = head + (row[56] ?? 0)
  const tail = JSON.parse(row.toString('utf8', ownerEnd)) as Tail
  const fixed = decodeListed(key, row)
  const { checksumAlgorithm: algorithm, checksumType: type } = fixed
  const version: { -readonly [Field in keyof StoredVersion]: StoredVersion[Field] } = {
    key,
    versionId: tail.v,
    order: tail.r,
    isDeleteMarker: row[1] === 1,
    sizeBytes: fixed.sizeBytes,
    etag: fixed.etag,
    modifiedAtMs: fixed.modifiedAtMs,
    partCount: row.readUInt16LE(6),
    blob: blobOf(row, tail),
    headers: tail.h ?? {},
    userMetadata: (tail.m ?? {}) as Record<string, string>,
    storageClass: fixed.storageClass,
    ownerId: fixed.ownerId,
  }
  // Not by spread, which takes longer than the rest of the function.
  if (algorithm !== undefined && type !== undefined && tail.c !== undefined) {
    version.checksum = { algorithm, type, value: tail.c }
  }
  if (tail.w !== undefined) version.websiteRedirectLocation = tail.w
  if (tail.t !== undefined) version.tags = tail.t as Record<string, string>
  if (tail.a !== undefined) version.acl = tail.a
  if (tail.l !== undefined) version.lock = tail.l
  if (tail.x !== undefined) version.crc64nvme = tail.x
  if (tail.n !== undefined) version.annotations = tail.n
  if (tail.e !== undefined) version.encryption = tail.e
  return version
}

function blobOf(row: Buffer, tail: Tail): BlobRef {
  const { sizeBytes, stamp, secondStamp } = decodeStamps(row)
  const blob: { -readonly [Field in keyof BlobRef]: BlobRef[Field] } = {
    id: tail.f,
    sizeBytes: tail.z ?? sizeBytes,
    kind: row[5] ?? 0,
    stamp,
    secondStamp,
  }
  if (tail.y !== undefined) blob.isArriving = true
  if (tail.s !== undefined) blob.aside = tail.s
  if (tail.d !== undefined) blob.detail = tail.d
  return blob
}

/** The version's size and the stamps of its blob, read only from the fixed offsets. */
export function decodeStamps(value: Bytes): Pick<BlobRef, 'sizeBytes' | 'stamp' | 'secondStamp'> {
  const row = asBuffer(value)
  return { sizeBytes: row.readDoubleLE(8), stamp: row.readDoubleLE(24), secondStamp: row.readDoubleLE(32) }
}

/** The kind of its blob, read only from its offset. */
export const decodeKind = (value: Bytes): number => value[5] ?? 0

/** The fields that a listing shows, read only from the fixed offsets. */
export function decodeListed(
  key: string,
  row: Buffer,
): {
  key: string
  sizeBytes: number
  etag: string
  modifiedAtMs: number
  storageClass: (typeof storageClasses)[number]
  ownerId: string
  checksumAlgorithm: ChecksumAlgorithm | undefined
  checksumType: ChecksumType | undefined
} {
  const algorithm = row[3] ?? 0
  return {
    key,
    sizeBytes: row.readDoubleLE(8),
    etag: etagOf(row),
    modifiedAtMs: row.readDoubleLE(16),
    storageClass: storageClasses[row[2] ?? 0] ?? 'STANDARD',
    ownerId: row.toString('latin1', head, head + (row[56] ?? 0)),
    checksumAlgorithm: algorithm === 0 ? undefined : checksumAlgorithms[algorithm - 1],
    checksumType: algorithm === 0 ? undefined : checksumTypes[row[4] ?? 0],
  }
}

/** Like `decodeListed`, for a listing of versions. */
export function decodeListedVersion(key: string, row: Buffer) {
  const { sizeBytes, etag, modifiedAtMs, storageClass, ownerId, checksumAlgorithm, checksumType } = decodeListed(
    key,
    row,
  )
  const { versionId } = decodeIds(row)
  const isDeleteMarker = row[1] === 1
  const common = { key, versionId, isDeleteMarker, sizeBytes, etag, modifiedAtMs }
  return Object.assign(common, { storageClass, ownerId, checksumAlgorithm, checksumType })
}

/**
 * The JSON of every row begins with `{"v":"`, the version id, `","r":"` and the order; the id is the order, or `null`.
 */
export function decodeIds(row: Buffer): { versionId: string; order: string } {
  const start = head + (row[56] ?? 0) + '{"v":"'.length
  const isNull = row[start] === 'n'.charCodeAt(0)
  const end = start + (isNull ? 4 : orderLength)
  if (row[end] !== '"'.charCodeAt(0)) throw new Error('the index holds a version row without its id where it should be')
  const versionId = isNull ? 'null' : row.toString('latin1', start, end)
  const orderAt = end + '","r":"'.length
  return { versionId, order: isNull ? row.toString('latin1', orderAt, orderAt + orderLength) : versionId }
}

const orderLength = 32

function etagOf(row: Buffer): string {
  if (row[1] === 1) return ''
  const partCount = row.readUInt16LE(6)
  const hex = row.toString('hex', 40, 56)
  return partCount === 0 ? hex : `${hex}-${partCount}`
}
