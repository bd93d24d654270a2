import type { NewBody } from '#objects/writes/new-body.ts'
import type { S3Request } from '#s3/operation.ts'
import { announcedChecksum, verifyAnnounced } from './headers/checksum-headers.ts'

/** The body of a request, with everything that its headers and trailers announce. */
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
