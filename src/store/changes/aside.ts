import type { AsideReason } from '#metadata/blob-ref.ts'
import type { ObjectVersion } from '#model/object/object.ts'

/** Why the bytes of a version may not be a plain file. Asked of every version that comes, and of every change of what is said of one. */
export function asideReason({ encryption, lock }: Pick<ObjectVersion, 'encryption' | 'lock'>): AsideReason | undefined {
  if (encryption !== undefined) return 'sealed'
  return lock?.retention !== undefined || lock?.legalHold === 'ON' ? 'locked' : undefined
}
