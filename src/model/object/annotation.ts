/**
 * Annotations: named texts that belong to a version, beside its bytes.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html
 */
import { isUtf8 } from 'node:buffer'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Checksum } from './object.ts'

export interface Annotation {
  readonly name: string
  readonly sizeBytes: number
  /** Hex MD5, without quotes. */
  readonly etag: string
  readonly modifiedAtMs: number
  readonly checksum: Checksum
}

const characters = /^[\p{L}\p{M}\p{Nd}_.-]*$/u

export const isAnnotationName = (name: string): boolean =>
  name !== '' && characters.test(name) && !/^(aws|s3)/i.test(name)

/** UserAnnotationNameMustBeSpecified, AnnotationNameTooLong, InvalidAnnotationName. */
export function assertAnnotationName(name: string): void {
  if (name === '') throw new ApiError('UserAnnotationNameMustBeSpecified')
  const sizeBytes = Buffer.byteLength(name)
  if (sizeBytes > limits.annotationNameBytes) {
    throw new ApiError('AnnotationNameTooLong', {
      fields: { Size: sizeBytes, MaxSizeAllowed: limits.annotationNameBytes },
    })
  }
  if (isAnnotationName(name)) return
  throw new ApiError('InvalidAnnotationName', { fields: { AnnotationName: name } })
}

/** InvalidPrefix. */
export function assertAnnotationPrefix(prefix: string): void {
  if (characters.test(prefix) && Buffer.byteLength(prefix) <= limits.annotationNameBytes) return
  throw new ApiError('InvalidPrefix', { fields: { AnnotationPrefix: prefix } })
}

/** EntityTooSmall, UnsupportedMediaType. */
export function assertAnnotationBody(bytes: Buffer): void {
  if (bytes.length === 0) throw new ApiError('EntityTooSmall', { fields: { ProposedSize: 0, MinSizeAllowed: 1 } })
  if (!isUtf8(bytes)) throw new ApiError('UnsupportedMediaType')
}
