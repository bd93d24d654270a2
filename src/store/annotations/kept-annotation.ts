/** The bytes of an annotation as they are stored: unchanged, or encrypted with the data keys of its version. */
import { digestOnce } from '#lib/digest/digest.ts'
import { decodeJson } from '#metadata/tables.ts'
import { ApiError } from '#model/errors.ts'
import type { Annotation } from '#model/object/annotation.ts'
import type { DataKeys, ObjectEncryption } from '#model/object/encryption.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { StoreContext } from '#store/context.ts'
import { headKey, pieceKeys, type StoredAnnotation } from './annotation-rows.ts'

type Kept = Pick<StoredAnnotation, 'keptBytes' | 'keptCrc64nvme' | 'isSealed'> & { readonly kept: Buffer }

export function keep(
  { sealed }: Pick<StoreContext, 'sealed'>,
  { encryption }: { readonly encryption?: ObjectEncryption | undefined },
  name: string,
  { bytes }: { readonly bytes: Buffer },
  dataKeys: DataKeys | undefined,
): Kept {
  if (encryption === undefined) return keptAs(bytes)
  if (dataKeys === undefined) throw new Error('annotating an encrypted version needs its data keys')
  return { ...keptAs(sealed.sealText(name, bytes, dataKeys)), isSealed: true }
}

const keptAs = (kept: Buffer) => ({ kept, keptBytes: kept.length, keptCrc64nvme: crc64nvmeOf(kept) })

const crc64nvmeOf = (bytes: Buffer): string =>
  digestOnce(['CRC64NVME'], bytes).get('CRC64NVME')?.toString('base64') ?? ''

/** The annotation and its bytes, both of the same write. InternalError if the bytes are not those that were written. */
export async function readAnnotation(
  context: Pick<StoreContext, 'engine' | 'log' | 'sealed'>,
  version: ObjectVersion,
  name: string,
  dataKeys: DataKeys | undefined,
): Promise<{ readonly annotation: Annotation; readonly bytes: Buffer } | undefined> {
  const found = await readKept(context, version, name)
  if (found === undefined) return undefined
  const { stored, kept } = found
  const annotation = { name, ...stored }
  if (stored.isSealed !== true) return { annotation, bytes: kept }
  if (dataKeys === undefined) throw new Error('reading an annotation of an encrypted version needs its data keys')
  const bytes = context.sealed.openText(name, kept, stored.sizeBytes, dataKeys)
  if (bytes === undefined) throw damaged(context, version, name)
  return { annotation, bytes }
}

const attempts = 20

/** The bytes as stored. */
export async function readKept(
  context: Pick<StoreContext, 'engine' | 'log'>,
  version: ObjectVersion,
  name: string,
): Promise<{ readonly stored: StoredAnnotation; readonly kept: Buffer } | undefined> {
  const { annotations } = version
  const { engine } = context
  if (annotations === undefined) return undefined
  for (let attempt = 0; attempt < attempts; attempt++) {
    const value = await engine.get(headKey(annotations.id, name))
    if (value === undefined) return undefined
    const stored = decodeJson<StoredAnnotation>(value)
    const pieces = await engine.getMany(pieceKeys(annotations.id, stored))
    // They have been replaced meanwhile.
    if (pieces.includes(undefined)) continue
    const kept = Buffer.concat(pieces.filter((piece) => piece !== undefined))
    if (crc64nvmeOf(kept) !== stored.keptCrc64nvme) throw damaged(context, version, name)
    return { stored, kept }
  }
  throw new ApiError('SlowDown')
}

function damaged({ log }: Pick<StoreContext, 'log'>, { key }: ObjectVersion, name: string): ApiError {
  log.error({ key, annotation: name }, 'the bytes of an annotation have changed; it is not served')
  return new ApiError('InternalError')
}
