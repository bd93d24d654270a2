/** The meaning of a BlobRef in this store: the place of the file, and how to recognize it. */
import type { BlobRef } from '#metadata/blob-ref.ts'

/**
 * `plain`: the key's own path in the bucket's folder. `opaque` and `version`: a file named `id` under
 * `.myfsio.sys/opaque` or `.myfsio.sys/versions`. `isProtected`: the file is read-only.
 */
export type Place =
  | { readonly kind: 'plain' }
  | { readonly kind: 'opaque'; readonly id: string; readonly isProtected?: true }
  | { readonly kind: 'version'; readonly id: string }

/** Identifies the published file: every change by another program changes at least one of the three. */
export interface FileSignature {
  readonly inode: number
  readonly sizeBytes: number
  /** With a fraction, as precise as the platform provides it. */
  readonly mtimeMs: number
}

const kinds = ['plain', 'opaque', 'version'] as const
const plainKind = 0

export const plain: Place = Object.freeze({ kind: 'plain' })

export const fileRef = (id: string, kind: Place['kind'], { inode, sizeBytes, mtimeMs }: FileSignature): BlobRef => ({
  id,
  sizeBytes,
  kind: kinds.indexOf(kind),
  stamp: inode,
  secondStamp: mtimeMs,
})

export const isPlain = ({ kind }: Pick<BlobRef, 'kind'>): boolean => kind === plainKind

export function placeOf({ kind, id, aside }: BlobRef): Place {
  const name = kinds[kind]
  if (name === undefined || name === 'plain') return plain
  return name === 'opaque' && aside !== undefined ? { kind: name, id, isProtected: true } : { kind: name, id }
}

export const withKind = (ref: BlobRef, kind: Place['kind']): BlobRef => ({ ...ref, kind: kinds.indexOf(kind) })

export const withSignature = (ref: BlobRef, { inode, sizeBytes, mtimeMs }: FileSignature): BlobRef => ({
  ...ref,
  sizeBytes,
  stamp: inode,
  secondStamp: mtimeMs,
})

export const signatureIn = ({ stamp, sizeBytes, secondStamp }: BlobRef): FileSignature => ({
  inode: stamp,
  sizeBytes,
  mtimeMs: secondStamp,
})

export const isFileOf = ({ inode, sizeBytes, mtimeMs }: FileSignature, ref: BlobRef): boolean =>
  inode === ref.stamp && sizeBytes === ref.sizeBytes && mtimeMs === ref.secondStamp

export const isSameRef = (a: BlobRef, b: BlobRef): boolean =>
  a.kind === b.kind && a.stamp === b.stamp && a.sizeBytes === b.sizeBytes && a.secondStamp === b.secondStamp
