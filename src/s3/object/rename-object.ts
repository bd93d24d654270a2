/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html, here in every bucket. */

import { authorizeOnObject, readAuthorized } from '#access/decide/object-access.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object.ts'
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
  const asked = { principal: request.caller.principal, bucket, key: from, facts: request.facts }
  await authorizeOnObject(services, { ...asked, action: 's3:DeleteObject', versionId: undefined })
  const source = await readAuthorized(
    services,
    { ...asked, action: 's3:GetObject' },
    () => services.store.headObject(bucket.name, from, undefined),
    { versionOf: (version) => version, release: () => undefined },
  )
  checkCopySource(headers, 'x-amz-rename-source-', source)
  const conditions = writeConditions(headers)
  // What was checked is what is renamed.
  const sourceConditions = { ifMatch: source.etag }
  const version = await services.store.renameObject({ bucket, from, to: request.key, sourceConditions, conditions })
  return { headers: versionHeader(bucket.versioning, version) }
}
