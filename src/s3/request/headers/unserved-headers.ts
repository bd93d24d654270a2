/**
 * Headers of features that this server does not have. The operations that accept them on AWS refuse them here, since a
 * success would mean that the feature was applied.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '#model/errors.ts'

interface UnservedHeader {
  /** The beginning of the header's name. */
  readonly prefix: string
  readonly operations: readonly string[]
}

// biome-ignore format: a table
const unserved: readonly UnservedHeader[] = [
  { prefix: 'x-amz-mfa', operations: ['DeleteObject', 'DeleteObjects', 'PutBucketVersioning'] },
  { prefix: 'if-modified-since', operations: ['RenameObject'] },
  { prefix: 'if-unmodified-since', operations: ['RenameObject'] },
]

const byOperation = new Map<string, UnservedHeader[]>()
for (const header of unserved) {
  for (const operation of header.operations) {
    const others = byOperation.get(operation)
    if (others === undefined) byOperation.set(operation, [header])
    else others.push(header)
  }
}

/** NotImplemented, which names the header. */
export function refuseUnservedHeaders(operation: string, headers: IncomingHttpHeaders): void {
  const rules = byOperation.get(operation)
  if (rules === undefined) return
  for (const name in headers) {
    for (const { prefix } of rules) {
      if (!name.startsWith(prefix)) continue
      throw new ApiError('NotImplemented', { fields: { Header: name } })
    }
  }
}
