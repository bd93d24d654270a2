/** Refuses a change, before anything is changed, if the server can neither remove nor replace the file in question. */

import type { FilesContext } from '#blobs/files/context.ts'
import { ApiError } from '#model/errors.ts'
import { FolderAccess, mayReplaceFile } from './folder-access.ts'
import { isInside } from './inside.ts'

const access = new FolderAccess()

/** For the plain file of a new version, which may replace another. */
export function assertReplaceable({ layout }: Pick<FilesContext, 'layout'>, bucket: string, key: string): void {
  if (!access.mayReplaceFile(layout.plain(bucket, key))) throw notPermitted()
}

/** For a key whose plain file is moved or removed. */
export function assertRemovable({ layout }: Pick<FilesContext, 'layout'>, bucket: string, key: string): void {
  const path = layout.plain(bucket, key)
  // A file behind a symbolic link is not touched, so its object cannot be changed.
  if (!isInside(layout.bucket(bucket), path) || !mayReplaceFile(path)) throw notPermitted()
}

const notPermitted = () =>
  new ApiError('AccessDenied', {
    message: 'The server is not permitted to replace or remove the file of this object in its folder on the disk.',
  })
