/** Receives a request's body into storage and verifies everything the client said of it. */
import type { ChecksumAlgorithm } from '#model/object.ts'
import type { S3Request, Services } from '#s3/operation.ts'
import { type Announced, announcedChecksum, verifyAnnounced } from '#s3/request/checksum-headers.ts'
import type { Staged } from '#store/contract.ts'

export async function stageUpload(
  request: S3Request,
  services: Services,
): Promise<{ staged: Staged; announced: Announced | undefined }> {
  const announced = announcedChecksum(request.headers)
  const algorithms: ChecksumAlgorithm[] = announced === undefined ? [] : [announced.algorithm]
  const staged = await services.store.stage(request.body.incoming(algorithms))
  try {
    request.body.verify(staged.digests)
    if (announced !== undefined) verifyAnnounced(announced, staged.digests, request.body.trailers())
    return { staged, announced }
  } catch (error) {
    await services.store.discard(staged)
    throw error
  }
}
