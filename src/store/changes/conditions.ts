/** Conditional writes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { DeleteConditions, WriteConditions } from '#store/contract.ts'

/** `current` is undefined if there is no object, or the latest version is a delete marker. */
export function checkWriteConditions(
  conditions: WriteConditions,
  key: string,
  current: ObjectVersion | undefined,
): void {
  const { ifMatch, ifNoneMatch } = conditions
  if (ifMatch !== undefined) {
    if (current === undefined) throw missing(key)
    if (ifMatch !== '*' && ifMatch !== current.etag) throw failed('If-Match')
  }
  if (ifNoneMatch !== undefined && current !== undefined && (ifNoneMatch === '*' || ifNoneMatch === current.etag)) {
    throw failed('If-None-Match')
  }
}

export function checkDeleteConditions(
  conditions: DeleteConditions,
  key: string,
  target: ObjectVersion | undefined,
): void {
  const { ifMatch, ifMatchSizeBytes, ifMatchLastModifiedMs } = conditions
  if (ifMatch === undefined && ifMatchSizeBytes === undefined && ifMatchLastModifiedMs === undefined) return
  if (target === undefined) throw missing(key)
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== target.etag) throw failed('If-Match')
  if (ifMatchSizeBytes !== undefined && ifMatchSizeBytes !== target.sizeBytes) throw failed('x-amz-if-match-size')
  if (ifMatchLastModifiedMs !== undefined) {
    const seconds = Math.floor(target.modifiedAtMs / 1000)
    if (Math.floor(ifMatchLastModifiedMs / 1000) !== seconds) throw failed('x-amz-if-match-last-modified-time')
  }
}

const missing = (key: string) => new ApiError('NoSuchKey', { fields: { Key: key } })
const failed = (condition: string) => new ApiError('PreconditionFailed', { fields: { Condition: condition } })
