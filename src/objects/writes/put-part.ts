/**
 * Parts of an upload: their bytes come from the client or from another object. The edge has authorized s3:PutObject.
 */
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { Upload, UploadedPart } from '#model/object/multipart/upload.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { type CopySource, openSource } from '#objects/copies/open-source.ts'
import type { CustomerKey } from '#objects/encryption/customer-key.ts'
import { openUploadKeys } from '#objects/encryption/open-keys.ts'
import type { OpenObject, Staged, Store } from '#store/contract.ts'
import { type NewBody, receiveBody } from './new-body.ts'

interface Place {
  readonly bucket: Bucket
  readonly upload: Upload
  readonly partNumber: number
  /** For an upload with SSE-C. */
  readonly customerKey?: CustomerKey | undefined
}

export async function putPart(
  store: Store,
  actor: Actor,
  { body, ...place }: Place & { readonly body: NewBody },
): Promise<UploadedPart> {
  const { bucket, upload, partNumber } = place
  requireAlgorithm(upload, body.checksumAlgorithm)
  if (body.sizeBytes !== undefined) await assertQuota(store, bucket, upload, body.sizeBytes)
  const algorithm = upload.checksumAlgorithm ?? body.checksumAlgorithm
  const dataKeys = await keysOf(actor, place)
  const staged = await receiveBody(body, algorithm, {
    stage: (incoming) => store.stagePart(upload, partNumber, incoming, dataKeys),
    discard: (received) => store.discardPart(upload, received),
  })
  return store.putPart(upload, staged, checksumOfPart(staged, algorithm))
}

const keysOf = (actor: Actor, { bucket, upload, customerKey }: Place) =>
  openUploadKeys(actor, { bucket, key: upload.key }, upload, customerKey)

const assertQuota = (store: Store, bucket: Bucket, { key }: Upload, sizeBytes: number) =>
  store.assertQuota(bucket, { key, sizeBytes, isPart: true })

/**
 * A composite checksum needs the client's checksum of each part. A full-object checksum can be computed without them.
 */
function requireAlgorithm({ checksumAlgorithm, checksumType }: Upload, sent: ChecksumAlgorithm | undefined): void {
  if (checksumAlgorithm === undefined || sent === checksumAlgorithm) return
  if (sent === undefined && checksumType === 'FULL_OBJECT') return
  throw new ApiError('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${checksumAlgorithm.toLowerCase()}, actual checksum Type: ${sent?.toLowerCase() ?? 'null'}`,
  })
}

function checksumOfPart({ digests }: Staged, algorithm: ChecksumAlgorithm | undefined): UploadedPart['checksum'] {
  const value = algorithm === undefined ? undefined : digests.get(algorithm)
  return algorithm === undefined || value === undefined ? undefined : { algorithm, value: value.toString('base64') }
}

export interface PartCopy extends Place {
  readonly source: CopySource
  /** The bytes to copy, start <= i < end. Throws for a range outside the source. */
  rangeOf(sizeBytes: number): { readonly start: number; readonly end: number }
}

export async function copyPart(
  store: Store,
  actor: Actor,
  { source, rangeOf, ...place }: PartCopy,
): Promise<{ readonly part: UploadedPart; readonly version: OpenObject['version'] }> {
  const { bucket, upload, partNumber } = place
  const dataKeys = await keysOf(actor, place)
  const opened = await openSource(store, actor, source)
  const { version } = opened
  let range: { readonly start: number; readonly end: number }
  try {
    range = rangeOf(version.sizeBytes)
    await assertQuota(store, bucket, upload, range.end - range.start)
  } catch (error) {
    opened.close()
    throw error
  }
  const { checksumAlgorithm } = upload
  const algorithms = checksumAlgorithm === undefined ? [] : [checksumAlgorithm]
  const staged = await store.stagePartCopy(upload, partNumber, opened, range, algorithms, dataKeys)
  return { part: await store.putPart(upload, staged, checksumOfPart(staged, checksumAlgorithm)), version }
}
