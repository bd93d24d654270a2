/** Bytes that become an object or a part of one: received, and compared with what was announced. */
import type { Checksum, ChecksumAlgorithm } from '#model/object/object.ts'
import type { IncomingBody, Staged } from '#store/contract.ts'

export interface NewBody {
  /** If it is announced. */
  readonly sizeBytes?: number | undefined
  /** Called once, when nothing is left to refuse: a client that waits for a go-ahead gets it here. */
  open(algorithms: readonly ChecksumAlgorithm[]): IncomingBody
  /** Of the checksum that the client announced. */
  readonly checksumAlgorithm?: ChecksumAlgorithm | undefined
  /** Throws unless the bytes are those that were announced. */
  verify?(staged: Staged): void
}

interface Staging<Received extends Staged> {
  stage(body: IncomingBody): Promise<Received>
  discard(staged: Received): Promise<void>
}

/** `algorithm`: computed beside what is always computed. */
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

/** What is kept of an object's bytes: the checksum that was asked for, else CRC64NVME. */
export function checksumToKeep({ digests }: Staged, algorithm: ChecksumAlgorithm = 'CRC64NVME'): Checksum {
  return { algorithm, type: 'FULL_OBJECT', value: digests.get(algorithm)?.toString('base64') ?? '' }
}
