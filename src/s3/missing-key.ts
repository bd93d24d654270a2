/**
 * Who learns that a key is missing: whoever may list the bucket under that very key as a prefix, and nobody else.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions
 */
import { decisionHeader } from '#access/denial.ts'
import type { Bucket } from '#model/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { S3Request, Services } from './operation.ts'
import type { OperationRow } from './operations.ts'

export interface AskedKey {
  readonly row: OperationRow
  readonly request: S3Request
  readonly bucket: Bucket
}

/** What a failure is shown as: a missing key as AccessDenied to some, AccessDenied as a missing key to others. */
export async function showFailure(error: unknown, asked: AskedKey, services: Services): Promise<unknown> {
  const { method, key, query } = asked.request
  if (!(error instanceof ApiError) || (method !== 'GET' && method !== 'HEAD')) return error
  if (error.code === 'NoSuchKey') return mayList(asked, services) ? error : refusalToList(asked, services)
  const isDenied = error.code === 'AccessDenied' && error.headers[decisionHeader] !== undefined
  const reads = asked.row.name === 'GetObject' || asked.row.name === 'HeadObject'
  if (!isDenied || !reads || !mayList(asked, services)) return error
  const missing = await services.store.headObject(asked.bucket.name, key, query.get('versionId')).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return missing instanceof ApiError && missing.code === 'NoSuchKey' ? missing : error
}

function mayList({ request, bucket }: AskedKey, { gatekeeper }: Services): boolean {
  return gatekeeper.may(request.caller.principal, 's3:ListBucket', { bucket }, listingFacts(request))
}

/** As AWS says it: what is missing is the permission to list. */
function refusalToList({ request, bucket }: AskedKey, { gatekeeper }: Services): unknown {
  try {
    gatekeeper.authorize(request.caller.principal, 's3:ListBucket', { bucket }, listingFacts(request))
    return new ApiError('AccessDenied')
  } catch (error) {
    return error
  }
}

const listingFacts = ({ facts, key }: S3Request) => ({
  ...facts,
  query: new Map<string, string>(),
  keys: { 's3:prefix': key },
})
