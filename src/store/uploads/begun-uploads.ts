/**
 * The state of a key when an upload to it began. A conditional completion is refused if the state has changed, even if
 * the condition holds again. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
import { decodeJson, encodeJson, rowKey, rowsOf } from '#metadata/tables.ts'
import type { Transaction } from '#metadata/transact.ts'
import { decodeVersion } from '#metadata/version-codec.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import { newestOrder } from '#store/changes/publish.ts'
import type { WriteConditions } from '#store/contract.ts'

export interface BegunUpload extends Upload {
  /** From `stateOfKey`; absent in uploads of releases that did not keep it. */
  readonly begunOn?: string
}

export const noState = 'none'

/** The order of the latest version or delete marker before this transaction, or `none`. */
export async function stateOfKey(transaction: Transaction, bucket: Bucket, key: string): Promise<string> {
  const value = await transaction.get(rowKey('o', bucket.name, key))
  if (value !== undefined) return decodeVersion(key, value).order
  return (await newestOrder(transaction, bucket, key)) ?? noState
}

/** Without this row, a key that has lost its last version would look as if none had been written. */
export async function noteEmptied(transaction: Transaction, bucket: string, key: string): Promise<void> {
  for (const { key: row, value } of await transaction.scan(rowsOf('u', bucket, key))) {
    // One that is aborted meanwhile would come back.
    transaction.checks.push({ key: row, is: value })
    transaction.put(row, encodeJson({ ...decodeJson<BegunUpload>(value), begunOn: 'emptied' }))
  }
}

/** ConditionalRequestConflict if `state` of the key has changed since the upload began. */
export function requireUnchanged(
  { key, begunOn }: BegunUpload,
  { ifMatch, ifNoneMatch }: WriteConditions,
  state: string,
): void {
  if ((ifMatch === undefined && ifNoneMatch === undefined) || begunOn === undefined || begunOn === state) return
  throw new ApiError('ConditionalRequestConflict', {
    fields: { Condition: ifMatch === undefined ? 'If-None-Match' : 'If-Match', Key: key },
  })
}
