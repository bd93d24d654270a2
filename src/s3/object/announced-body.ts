import type { NewBody } from '#objects/new-body.ts'
import type { S3Request } from '#s3/operation.ts'
import { announcedChecksum, verifyAnnounced } from '#s3/request/checksum-headers.ts'

/** The body of a request, with all that its headers and trailers announce. */
export function announcedBody({ headers, body }: S3Request): NewBody {
  const announced = announcedChecksum(headers)
  return {
    sizeBytes: body.sizeBytes,
    checksumAlgorithm: announced?.algorithm,
    open: (algorithms) => body.incoming(algorithms),
    verify({ digests }) {
      body.verify(digests)
      if (announced !== undefined) verifyAnnounced(announced, digests, body.trailers())
    },
  }
}
