/** Why the bytes of a version are not a file under their own name. */
import type { Whereabouts } from '#blobs/contract/blob-store.ts'

const reasons: Readonly<Record<NonNullable<Whereabouts['reason']>, string>> = {
  sealed: 'kept aside, since the bytes are encrypted',
  locked: 'kept aside and read-only, since the version is locked',
  name: 'kept aside, since the key cannot be the name of a file here',
}

/** Undefined if they are a file under their own name. */
export function describePlace({ kind, reason }: Whereabouts): string | undefined {
  if (reason !== undefined) return reasons[reason]
  return kind === 'version' ? 'kept aside, since the version is not current' : undefined
}
