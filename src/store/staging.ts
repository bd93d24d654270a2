/** Stages incoming bytes: as they are, or encrypted. */
import type { ByteRange, IncomingBody, StagedBlob } from '#blobs/contract/incoming.ts'
import type { Sealing } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import type { StoreContext } from './context.ts'
import type { OpenObject } from './contract.ts'
import type { OpenVersion } from './reads/open-version.ts'

export function stage(
  { blobs, sealed }: StoreContext,
  body: IncomingBody,
  sealing: Sealing | undefined,
): Promise<StagedBlob> {
  return sealing === undefined ? blobs.stage(body) : sealed.stage(body, sealing)
}

export function stageCopy(
  { blobs, sealed }: StoreContext,
  source: OpenObject,
  range: ByteRange,
  algorithms: readonly ChecksumAlgorithm[],
  sealing: Sealing | undefined,
): Promise<StagedBlob> {
  const { blob } = source as OpenVersion
  if (sealing === undefined) return blobs.stageCopy(blob, range, algorithms)
  return sealed.stageCopy(blob, range, algorithms, sealing)
}
