/**
 * The place of a version's file after a change. A version that is kept aside stays aside, under any key, current or
 * not.
 */
import type { AsideReason, BlobRef } from '#metadata/blob-ref.ts'
import { isPlain, placeOf, withKind } from './file-ref.ts'
import { isPlainKey } from './layout.ts'

export function asCurrent(key: string, ref: BlobRef, aside = ref.aside): BlobRef {
  const { kind } = placeOf(ref)
  if (aside !== undefined) {
    const opaque = withAside(withKind(ref, 'opaque'), aside)
    return kind === 'version' ? { ...opaque, isArriving: true } : opaque
  }
  if (!isPlainKey(key)) return kind === 'plain' ? withKind(ref, 'opaque') : ref
  return kind === 'version' ? { ...withKind(ref, 'plain'), isArriving: true } : ref
}

export function asRenamed(key: string, ref: BlobRef, aside = ref.aside): BlobRef {
  if (aside !== undefined) return { ...withAside(withKind(ref, 'opaque'), aside), isArriving: true }
  return { ...withKind(ref, isPlainKey(key) ? 'plain' : 'opaque'), isArriving: true }
}

/** The file of an older version in `versions/` stays there; it is made read-only when it is moved to `opaque/`. */
export function asAside(ref: BlobRef, aside: AsideReason): BlobRef {
  if (ref.aside !== undefined) return ref
  const opaque = withAside(withKind(ref, 'opaque'), aside)
  return isPlain(ref) || placeOf(ref).kind === 'version' ? { ...opaque, isArriving: true } : opaque
}

const withAside = (ref: BlobRef, aside: AsideReason): BlobRef => ({ ...ref, aside: ref.aside ?? aside })
