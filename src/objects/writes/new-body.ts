/** Receives the bytes of an object or a part, and compares them with what was announced. */
import type { Checksum, ChecksumAlgorithm } from '#model/object/object.ts'
import type { IncomingBody, Staged } from '#store/contract.ts'

export interface NewBody {
  /** Undefined if it was not announced. */
  readonly sizeBytes?: number | undefined
  /** Called once, after all checks: a client that waits for 100 Continue gets it here. */
  open(algorithms: readonly ChecksumAlgorithm[]): IncomingBody
  /** The algorithm of the checksum that the client announced. */
  readonly checksumAlgorithm?: ChecksumAlgorithm | undefined
  /** Throws unless the bytes are those that were announced. */
  verify?(staged: Staged): void
}

interface Staging<Received extends Staged> {
  stage(body: IncomingBody): Promise<Received>
  discard(staged: Received): Promise<void>
}

/** `algorithm`: computed in addition to the digests that are always computed. */
export async function receiveBody<Received extends Staged>(
  body: NewBody,
  algorithm: ChecksumAlgorithm | undefined,
  { stage, discard }: Staging<Received>,
): Promise<Received> {
  const staged = await stage(body.open(algorithm === undefined ? [] : [algorithm]))
  try {
    body.verify?.(staged)
    return staged
  } catch (error) {
    await discard(staged)
    throw error
  }
}

/** The checksum that is stored with an object: the requested one, otherwise CRC64NVME. */
export function checksumToKeep({ digests }: Staged, algorithm: ChecksumAlgorithm = 'CRC64NVME'): Checksum {
  return { algorithm, type: 'FULL_OBJECT', value: digests.get(algorithm)?.toString('base64') ?? '' }
}
