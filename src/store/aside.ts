import type { AsideReason } from '#metadata/blob-ref.ts'
import type { ObjectVersion } from '#model/object/object.ts'

/** Why the bytes of a version may not be a plain file. Asked of every version that comes, and of every change of what is said of one. */
export const asideReason = ({ encryption }: Pick<ObjectVersion, 'encryption'>): AsideReason | undefined =>
  encryption === undefined ? undefined : 'sealed'
