import type { AsideReason } from '#metadata/blob-ref.ts'
import type { ObjectVersion } from '#model/object/object.ts'

/**
 * Why the bytes of a version must not be a plain file. Called for every new version and every change of its attributes.
 */
export function asideReason({ encryption, lock }: Pick<ObjectVersion, 'encryption' | 'lock'>): AsideReason | undefined {
  if (encryption !== undefined) return 'sealed'
  return lock?.retention !== undefined || lock?.legalHold === 'ON' ? 'locked' : undefined
}
