/** The common part of UploadPart and UploadPartCopy: parameters of a part. */
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import { parseCount } from '#s3/listing/listing.ts'
import type { S3Request, Services } from '#s3/operation.ts'

export function readPartNumber(request: S3Request): number {
  const text = request.query.get('partNumber') ?? ''
  const partNumber = Number(text)
  if (/^\d{1,5}$/.test(text) && partNumber >= 1 && partNumber <= limits.partNumberMax) return partNumber
  throw new ApiError('InvalidArgument', {
    message: 'Part number must be an integer between 1 and 10000, inclusive',
    fields: { ArgumentName: 'partNumber', ArgumentValue: text },
  })
}

export function uploadOf(request: S3Request, services: Services): Promise<Upload> {
  return services.store.getUpload(request.bucketName, request.key, request.query.get('uploadId') ?? '')
}

/** A whole number in the query, at most `max`. The error names the argument. */
export function readCount(request: S3Request, name: string, otherwise: number, max: number): number {
  return Math.min(parseCount(request.query.get(name), name) ?? otherwise, max)
}
