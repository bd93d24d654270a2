/** The quota of a bucket. Only the server's own account sets it, so that the owner of a bucket cannot lift it. */
import * as z from 'zod'
import { parseJson } from '#http/parse-json.ts'
import { assertQuotaLimits, withQuota } from '#model/bucket/quota.ts'
import { ApiError } from '#model/errors.ts'
import { assertServersAccount } from './jobs.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

const schema = z.strictObject({ sizeBytes: z.number().optional(), objectCount: z.number().optional() })

export async function getQuota(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  const { bucket, caller } = request
  if (caller.principal.canonicalId !== bucket.ownerId) assertServersAccount(request, services)
  if (bucket.quota === undefined) throw new ApiError('NoSuchQuota', { fields: { BucketName: bucket.name } })
  const usage = await services.store.bucketUsage(bucket.name)
  return { status: 200, json: JSON.stringify({ bucket: bucket.name, quota: bucket.quota, usage }) }
}

/** The bucket may already hold more. Then nothing can be added until it holds less. */
export async function putQuota(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  assertServersAccount(request, services)
  const { sizeBytes, objectCount } = parseJson(request.body, schema)
  const quota = { ...(sizeBytes !== undefined && { sizeBytes }), ...(objectCount !== undefined && { objectCount }) }
  assertQuotaLimits(quota)
  await services.store.updateBucket(request.bucket.name, (bucket) => withQuota(bucket, quota))
  return { status: 204 }
}

export async function deleteQuota(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  assertServersAccount(request, services)
  await services.store.updateBucket(request.bucket.name, (bucket) => withQuota(bucket, undefined))
  return { status: 204 }
}
