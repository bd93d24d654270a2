/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html, here in every bucket. */
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object.ts'
import { authorizeOnVersion } from '#s3/authorize-on-version.ts'
import type { Operation } from '#s3/operation.ts'
import { checkCopySource, writeConditions } from './conditions.ts'
import { parseCopySource } from './copy-source.ts'
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
  assertKey(from)
  for (const action of ['s3:GetObject', 's3:DeleteObject']) {
    await authorizeOnVersion(request, services, { action, bucket, key: from, versionId: undefined })
  }
  const source = await services.store.headObject(bucket.name, from, undefined)
  checkCopySource(headers, 'x-amz-rename-source-', source)
  const conditions = writeConditions(headers)
  // What was checked is what is renamed.
  const sourceConditions = { ifMatch: source.etag }
  const version = await services.store.renameObject({ bucket, from, to: request.key, sourceConditions, conditions })
  return { headers: versionHeader(bucket.versioning, version) }
}
