/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html */
import { ApiError } from '#model/errors.ts'
import type { ObjectAttributes } from './object.ts'

/**
 * Whether an object must be restored before it can be read. Such objects come from earlier releases: none can be
 * written any more, and there is no restore.
 */
export const isArchived = ({ storageClass }: Pick<ObjectAttributes, 'storageClass'>): boolean =>
  storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE'

/** InvalidObjectState for an object that must be restored first. */
export function assertActive(object: Pick<ObjectAttributes, 'storageClass'>, use: 'read' | 'copy'): void {
  if (!isArchived(object)) return
  throw new ApiError('InvalidObjectState', {
    ...(use === 'copy' ? { message: "Operation is not valid for the source object's storage class" } : {}),
    fields: { StorageClass: object.storageClass },
  })
}
