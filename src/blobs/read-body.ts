/** Reads bodies into memory. */
import type { Readable } from 'node:stream'
import { ApiError } from '#model/errors.ts'
import type { IncomingBody } from './contract/incoming.ts'

/** Throws EntityTooLarge before the first byte is read. */
export function assertNotTooLarge({ sizeBytes, maxBytes }: IncomingBody): void {
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw tooLarge(sizeBytes, maxBytes)
}

function tooLarge(proposed: number, maximum: number): ApiError {
  return new ApiError('EntityTooLarge', { fields: { ProposedSize: proposed, MaxSizeAllowed: maximum } })
}

/**
 * Reads the whole body. EntityTooLarge; IncompleteBody if it ends early, breaks off, or has another length than
 * announced.
 */
export async function readBody(body: IncomingBody): Promise<Buffer> {
  assertNotTooLarge(body)
  const { source, sizeBytes, maxBytes } = body
  if (sizeBytes !== undefined) return readSmall(source, sizeBytes)
  return collect(source, (received) => (received > maxBytes ? new ApiError('EntityTooLarge') : undefined))
}

/** Reads a body of a known size that is small enough for memory. */
export async function readSmall(source: Readable, sizeBytes: number): Promise<Buffer> {
  const bytes = await collect(source, (received) => (received > sizeBytes ? new ApiError('IncompleteBody') : undefined))
  if (bytes.length !== sizeBytes) throw new ApiError('IncompleteBody')
  return bytes
}

function collect(source: Readable, refuse: (receivedBytes: number) => ApiError | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (source.destroyed && !source.readableEnded) {
      reject(source.errored ?? new ApiError('IncompleteBody'))
      return
    }
    const chunks: Buffer[] = []
    let received = 0
    source.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      received += chunk.length
      const refusal = refuse(received)
      if (refusal !== undefined) source.destroy(refusal)
    })
    source.once('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    )
    source.once('error', (error) =>
      reject(error instanceof ApiError ? error : new ApiError('IncompleteBody', { cause: error })),
    )
    source.once('close', () => {
      if (!source.readableEnded) reject(new ApiError('IncompleteBody'))
    })
  })
}
