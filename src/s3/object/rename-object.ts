/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html, here in every bucket. */
import { ApiError } from '#model/errors.ts'
import { renameObject as rename } from '#objects/copies/rename-object.ts'
import type { Operation } from '#s3/operation.ts'
import { encryptionHeaders, keyOfRead } from '#s3/request/headers/encryption-headers.ts'
import { checkCopySource, writeConditions } from './headers/conditions.ts'
import { parseCopySource } from './headers/copy-source.ts'
import { versionHeader } from './put-object.ts'

export const renameObject: Operation = async (request, services) => {
  const { bucket, headers } = request
  const header = headers['x-amz-rename-source']
  if (header === undefined) {
    throw new ApiError('InvalidArgument', {
      message: 'Missing x-amz-rename-source',
      fields: { ArgumentName: 'x-amz-rename-source' },
    })
  }
  const { bucketName, key: from } = parseCopySource(String(header))
  if (bucketName !== bucket.name) {
    throw new ApiError('InvalidRequest', { message: 'An object can be renamed only within its bucket.' })
  }
  const customerKey = keyOfRead(request, services)
  const version = await rename(services.store, request.actor, {
    bucket,
    from,
    to: request.key,
    check: (source) => checkCopySource(headers, 'x-amz-rename-source-', source, services.clock),
    conditions: writeConditions(headers),
    customerKey,
  })
  return {
    headers: { ...versionHeader(bucket.versioning, version), ...encryptionHeaders(version.encryption, customerKey) },
  }
}
