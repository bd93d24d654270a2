import { ApiError } from '#model/errors.ts'
import type { Operation } from '#s3/operation.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export const abortMultipartUpload: Operation = async (request, services) => {
  const time = request.headers['x-amz-if-match-initiated-time']
  const ifInitiatedMs = time === undefined ? undefined : Date.parse(String(time))
  if (Number.isNaN(ifInitiatedMs)) {
    throw new ApiError('InvalidArgument', { fields: { ArgumentName: 'x-amz-if-match-initiated-time' } })
  }
  await services.store.abortUpload(request.bucketName, request.key, request.query.get('uploadId') ?? '', ifInitiatedMs)
  return { status: 204 }
}
