/** Checks the permission of an operation, which its row in operations.ts names. */
import {
  type AskedObject,
  authorizeOnObject,
  authorizeOnUpload,
  openVersion,
  readAuthorized,
  versionRecord,
} from '#access/decide/objects/object-access.ts'
import { ObjectNeeded } from '#access/decide/objects/object-needed.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { ApiError } from '#model/errors.ts'
import { dependsOnObject } from '#policy/evaluate/acl-evaluation.ts'
import type { OperationRow, Services } from './operation.ts'
import type { ReceivedRequest } from './request/received-request.ts'
import { requestedVersion } from './request/requested-version.ts'

function actionOf(row: OperationRow, { query, caller }: ReceivedRequest): string | undefined {
  return typeof row.action === 'function' ? row.action({ query, principal: caller.principal }) : row.action
}

/** Records an AccessDenied without a policy. */
export function recordRefusal(
  error: ApiError,
  row: OperationRow,
  received: ReceivedRequest,
  bucket: Bucket | undefined,
  { gatekeeper }: Services,
): ApiError {
  const { caller, key, facts } = received
  const action = actionOf(row, received)
  const resource = { bucket, key: key === '' ? undefined : key }
  return gatekeeper.recordRefusal(error, caller.principal, action ?? `s3:${row.name}`, resource, facts)
}

/** AccessDenied; a promise if the object has to be read first. */
export function authorize(
  row: OperationRow,
  received: ReceivedRequest,
  bucket: Bucket | undefined,
  services: Services,
): Promise<unknown> | undefined {
  const { bucketName, key } = received
  const { principal } = received.caller
  const action = actionOf(row, received)
  if (action === undefined) return undefined
  const { facts } = received
  const asked = { principal, action, key, facts }
  if (bucket !== undefined && key !== '' && dependsOnObject(action, bucket, principal)) {
    return authorizeAddressed(row, received, { ...asked, bucket }, services)
  }
  // A bucket that does not exist yet has no owner.
  const named = bucketName === '' ? undefined : { name: bucketName, ownerId: '' }
  try {
    received.authorize(action, { bucket: bucket ?? named, key: key === '' ? undefined : key })
    return undefined
  } catch (error) {
    if (!(error instanceof ObjectNeeded) || bucket === undefined) throw error
    return authorizeAddressed(row, received, { ...asked, bucket }, services)
  }
}

/** The version that is read here is kept for the operation, so that the decision needs no second read. */
function authorizeAddressed(row: OperationRow, received: ReceivedRequest, asked: AskedObject, services: Services) {
  const uploadId = received.query.get('uploadId')
  if (uploadId !== undefined) return authorizeOnUpload(services, { ...asked, uploadId })
  if (row.reads === undefined) {
    return authorizeOnObject(services, { ...asked, versionId: requestedVersion(received) })
  }
  if (row.reads === 'record') {
    return readAuthorized(services, asked, () => received.version(), versionRecord)
  }
  return readAuthorized(services, asked, () => received.open(), openVersion)
}
