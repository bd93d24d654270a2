/** Refuses what would leave a file where the server can neither remove nor replace it, before anything is changed. */

import type { FilesContext } from '#blobs/files/context.ts'
import { ApiError } from '#model/errors.ts'
import { FolderAccess, mayReplaceFile } from './folder-access.ts'
import { isInside } from './inside.ts'

const access = new FolderAccess()

/** For the plain file of a new version, which may take the place of another. */
export function assertReplaceable({ layout }: Pick<FilesContext, 'layout'>, bucket: string, key: string): void {
  if (!access.mayReplaceFile(layout.plain(bucket, key))) throw notPermitted()
}

/** For a key whose plain file leaves its place. */
export function assertRemovable({ layout }: Pick<FilesContext, 'layout'>, bucket: string, key: string): void {
  const path = layout.plain(bucket, key)
  // Behind a symbolic link a file stays where it is, and so its object stays as it is.
  if (!isInside(layout.bucket(bucket), path) || !mayReplaceFile(path)) throw notPermitted()
}

const notPermitted = () =>
  new ApiError('AccessDenied', {
    message: 'The server is not permitted to replace or remove the file of this object in its folder on the disk.',
  })
