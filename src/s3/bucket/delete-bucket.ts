import type { S3Request, S3Response, Services } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export async function deleteBucket({ bucketName }: S3Request, services: Services): Promise<S3Response> {
  await services.store.deleteBucket(bucketName)
  // The next bucket of this name may belong to another account.
  if (services.bucketPolicies.find(bucketName) !== undefined) await services.bucketPolicies.remove(bucketName)
  return { status: 204 }
}
