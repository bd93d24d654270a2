/**
 * Recognizes the objects upstream by the ETags that they had when they were stored. So a range is not served from an
 * object that was replaced, though the checksum covers only the whole version.
 */
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import { UpstreamChanged } from '#blobs/upstream/client/problem.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import type { Piece } from '#blobs/upstream/piece.ts'
import { createDigester } from '#lib/digest/digest.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { PieceReader } from './piece-reader.ts'
import type { ExpectedObjects } from './stretch-reader.ts'

/** Undefined if reads are not compared. */
export function expectedObjectsOf(
  context: UpstreamContext,
  version: StoredVersion,
  pieces: readonly Piece[],
): ExpectedObjects | undefined {
  const { verifyReads, etags } = context
  const crc64nvme = keptCrc64nvmeOf(version)
  if (crc64nvme === undefined || (verifyReads !== 'always' && verifyReads !== 'recent')) return undefined
  return {
    async assertIs({ id, etag: expected }, etag = '') {
      if (expected === undefined || etag === expected || etags.isOf(id, etag)) return
      // A copy of the same bytes may have another ETag, as after a restore.
      await once(`${version.blob.id} ${id} ${etag}`, () => assertSameBytes(context, pieces, crc64nvme))
      etags.note(id, etag)
    },
  }
}

/** Comparisons under way, by what they compare. */
const comparing = new Map<string, Promise<void>>()

function once(name: string, compare: () => Promise<void>): Promise<void> {
  const running = comparing.get(name) ?? compare().finally(() => comparing.delete(name))
  comparing.set(name, running)
  return running
}

async function assertSameBytes(context: UpstreamContext, pieces: readonly Piece[], crc64nvme: string): Promise<void> {
  const digester = createDigester(['CRC64NVME'])
  const reader = new PieceReader(context, pieces, 0)
  try {
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) digester.update(chunk)
  } finally {
    reader.close()
  }
  const isSame = digester.digest().get('CRC64NVME')?.toString('base64') === crc64nvme
  if (!isSame) throw new UpstreamChanged('reading an object: it was replaced')
}
