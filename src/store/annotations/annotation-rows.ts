/**
 * The rows of annotations. A set belongs to one version, and its record contains the set's id and counts. So a set
 * changes only with that record, and cannot be reached once the record is removed. A large set is then removed in
 * pieces: the row `l` shows a start what is left to remove.
 */
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey, rowParts, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import type { Annotation } from '#model/object/annotation.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'

export interface StoredAnnotation extends Omit<Annotation, 'name'> {
  /** In the keys of the rows of its bytes. New bytes get a new id. */
  readonly bodyId: string
  /** The number of bytes as stored: encrypted if the version is. */
  readonly keptBytes: number
  /** Base64, of the bytes as stored. */
  readonly keptCrc64nvme: string
  readonly isSealed?: true
}

/** A set that belongs to no version. */
interface LoneSet {
  readonly atMs: number
  /** It is being copied for a version that does not exist yet. */
  readonly isCopy?: true
}

const pieceBytes = 64 * 1024
/** A larger set is not removed in one commit. */
const atOnceMax: Omit<AnnotationSet, 'id'> = { count: 100, sizeBytes: 1024 * 1024 }
/** The number of annotations in a commit, for sets that are removed later. */
const batchMax = 50
/** A copy that takes longer than this was interrupted. */
const copyMaxMs = 24 * 60 * 60 * 1000

export const headKey = (setId: string, name: string): Buffer => rowKey('y', setId, name)

/** The rows of an annotation's bytes, in their order. */
export function pieceKeys(
  setId: string,
  { bodyId, keptBytes }: Pick<StoredAnnotation, 'bodyId' | 'keptBytes'>,
): Buffer[] {
  const count = Math.ceil(keptBytes / pieceBytes)
  return Array.from({ length: count }, (_, at) => rowKey('z', setId, bodyId, String(at).padStart(2, '0')))
}

export function putRows(transaction: Transaction, setId: string, name: string, stored: StoredAnnotation, kept: Buffer) {
  transaction.put(headKey(setId, name), encodeJson(stored))
  for (const [at, key] of pieceKeys(setId, stored).entries()) {
    transaction.put(key, kept.subarray(at * pieceBytes, (at + 1) * pieceBytes))
  }
}

/**
 * Called in the commit that removes the versions of these sets. Returns the sets that are left, to be removed after it.
 */
export async function removeAnnotations(
  transaction: Transaction,
  sets: readonly AnnotationSet[],
  atMs: number,
): Promise<string[]> {
  const left: string[] = []
  for (const { id, count, sizeBytes } of sets) {
    if (count <= atOnceMax.count && sizeBytes <= atOnceMax.sizeBytes) {
      const heads = await transaction.scan(rowsOf('y', id))
      for (const key of heads.flatMap(rowsOfHead)) transaction.remove(key)
    } else {
      transaction.put(rowKey('l', id), encodeJson({ atMs } satisfies LoneSet))
      left.push(id)
    }
  }
  return left
}

function rowsOfHead({ key, value }: { readonly key: Uint8Array; readonly value: Uint8Array }): Uint8Array[] {
  const [setId = ''] = rowParts(key)
  return [key, ...pieceKeys(setId, decodeJson<StoredAnnotation>(value))]
}

/** Removes the rest of a set that belongs to no version. */
export async function sweepAnnotations(engine: MetadataEngine, setId: string): Promise<void> {
  const removal = (key: Uint8Array) => ({ key, value: undefined })
  for (;;) {
    const heads = await engine.scan(rowsOf('y', setId), { limit: batchMax })
    if (heads.length === 0) break
    await engine.commit({ checks: [], writes: heads.flatMap(rowsOfHead).map(removal) })
  }
  await engine.commit({ checks: [], writes: [removal(rowKey('l', setId))] })
}

/** Called at a start: removes what ended processes have left. */
export async function sweepLoneSets(engine: MetadataEngine, nowMs: number): Promise<void> {
  for (const { key, value } of await engine.scan(rowsOf('l'))) {
    const { atMs, isCopy } = decodeJson<LoneSet>(value)
    if (isCopy !== true || atMs < nowMs - copyMaxMs) await sweepAnnotations(engine, rowParts(key)[0] ?? '')
  }
}

/** A new set, which belongs to no version yet. */
export async function beginSet(engine: MetadataEngine, setId: string, atMs: number): Promise<void> {
  const value = encodeJson({ atMs, isCopy: true } satisfies LoneSet)
  await engine.commit({ checks: [], writes: [{ key: rowKey('l', setId), value }] })
}

/** Called in the commit of its version. False if the set was removed meanwhile. */
export async function endSet(transaction: Transaction, setId: string): Promise<boolean> {
  const key = rowKey('l', setId)
  if ((await transaction.get(key)) === undefined) return false
  transaction.remove(key)
  return true
}
