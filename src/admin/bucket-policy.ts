import { isUnexplained } from '#access/decide/denial.ts'
import { ApiError } from '#model/errors.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

export async function getBucketPolicy({ bucket }: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  const json = services.bucketPolicies.find(bucket.name)
  if (json === undefined) throw new ApiError('NoSuchBucketPolicy', { fields: { BucketName: bucket.name } })
  return { status: 200, json }
}

export async function putBucketPolicy(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  const { bucket, body, refuse } = request
  const blocksPublic = bucket.publicAccessBlock?.blockPublicPolicy === true
  await services.bucketPolicies.put(bucket.name, body.toString(), { blocksPublic }).catch((error: unknown) => {
    throw isUnexplained(error) ? refuse(error) : error
  })
  return { status: 204 }
}

export async function deleteBucketPolicy({ bucket }: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  await services.bucketPolicies.remove(bucket.name)
  return { status: 204 }
}
