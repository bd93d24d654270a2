/** Refuses what would leave a file where the server can neither remove nor replace it, before anything is changed. */

import type { StoredVersion } from '#metadata/version-codec.ts'
import { ApiError } from '#model/errors.ts'
import type { StoreContext } from '#store/context.ts'
import { FolderAccess, mayReplaceFile } from './folder-access.ts'
import { isInside } from './inside.ts'

const access = new FolderAccess()

/** For a new version; the file of the one before, if there is any, makes room. */
export function assertReplaceable(
  context: StoreContext,
  bucket: string,
  { key, place }: Pick<StoredVersion, 'key' | 'place'>,
  { vacatesPlain }: { readonly vacatesPlain: boolean },
): void {
  if (vacatesPlain) assertRemovable(context, bucket, key)
  else if (place.kind === 'plain' && !access.mayReplaceFile(context.layout.plain(bucket, key))) throw notPermitted()
}

/** For a key whose plain file leaves its place. */
export function assertRemovable({ layout }: StoreContext, bucket: string, key: string): void {
  const path = layout.plain(bucket, key)
  // Behind a symbolic link a file stays where it is, and so its object stays as it is.
  if (!isInside(layout.bucket(bucket), path) || !mayReplaceFile(path)) throw notPermitted()
}

const notPermitted = () =>
  new ApiError('AccessDenied', {
    message: 'The server is not permitted to replace or remove the file of this object in its folder on the disk.',
  })
