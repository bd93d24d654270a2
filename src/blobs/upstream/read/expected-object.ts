/**
 * The object upstream that a version expects, known by its ETag where that is the MD5 of the bytes. So a range is not
 * served from an object that was replaced, though the checksum covers only the whole.
 */
import { keptCrc64nvmeOf } from '#blobs/contract/kept-bytes.ts'
import { UpstreamChanged } from '#blobs/upstream/client/problem.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import type { Piece } from '#blobs/upstream/piece.ts'
import { createDigester } from '#lib/digest/digest.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { PieceReader } from './piece-reader.ts'
import type { ExpectedObject } from './stretch-reader.ts'

/** Undefined if the ETag is unknown: the version has several objects upstream, or is encrypted. */
export function expectedObjectOf(
  context: UpstreamContext,
  version: StoredVersion,
  pieces: readonly Piece[],
): ExpectedObject | undefined {
  const { upstream, verifyReads } = context
  const [piece, ...more] = pieces
  const isOne = piece !== undefined && more.length === 0 && !piece.isInline && piece.start === 0
  if (!isOne || version.partCount > 0 || version.encryption !== undefined) return undefined
  const crc64nvme = keptCrc64nvmeOf(version)
  if (!upstream.hasMd5Etags || crc64nvme === undefined) return undefined
  if (verifyReads !== 'always' && verifyReads !== 'recent') return undefined
  return {
    async assertIs(etag = '') {
      if (etag !== version.etag) await assertSameBytes(context, { id: version.blob.id, etag, pieces, crc64nvme })
    },
  }
}

interface OtherObject {
  readonly id: string
  readonly etag: string
  readonly pieces: readonly Piece[]
  readonly crc64nvme: string
}

/** A copy of the same bytes may have another ETag, as after a restore. */
async function assertSameBytes(context: UpstreamContext, { id, etag, pieces, crc64nvme }: OtherObject): Promise<void> {
  const name = `${id} ${etag}`
  if (context.verified.has(name)) return
  const digester = createDigester(['CRC64NVME'])
  const reader = new PieceReader(context, pieces, 0)
  try {
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) digester.update(chunk)
  } finally {
    reader.close()
  }
  const isSame = digester.digest().get('CRC64NVME')?.toString('base64') === crc64nvme
  if (!isSame) throw new UpstreamChanged('reading an object: it was replaced')
  context.verified.note(name)
}
