/** Bytes on their way in: as they are, or sealed. */
import type { ByteRange, IncomingBody, StagedBlob } from '#blobs/contract/incoming.ts'
import { ApiError } from '#model/errors.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { StoreContext } from './context.ts'
import type { OpenObject } from './contract.ts'
import type { OpenVersion } from './open-version.ts'

export function stage({ blobs }: StoreContext, body: IncomingBody, sealing: Sealing | undefined): Promise<StagedBlob> {
  if (sealing !== undefined) throw new ApiError('NotImplemented')
  return blobs.stage(body)
}

export function stageCopy(
  { blobs }: StoreContext,
  source: OpenObject,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
  sealing: Sealing | undefined,
): Promise<StagedBlob> {
  if (sealing !== undefined) throw new ApiError('NotImplemented')
  return blobs.stageCopy((source as OpenVersion).blob, range, algorithms)
}
