import type { Readable } from 'node:stream'
import { ApiError } from '#model/errors.ts'

/**
 * Reads a whole body of bounded size into memory. MaxMessageLengthExceeded, IncompleteBody; ApiErrors of the source are
 * passed on. After an error the connection can still send an answer.
 */
export function readBody(source: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let received = 0
    const onData = (chunk: Buffer) => {
      received += chunk.length
      if (received <= maxBytes) chunks.push(chunk)
      else fail(bodyTooLarge(maxBytes))
    }
    const onEnd = () => finish(() => resolve(Buffer.concat(chunks)))
    const fail = (error: unknown) =>
      finish(() => reject(error instanceof ApiError ? error : new ApiError('IncompleteBody', { cause: error })))
    const onClose = () => fail(undefined)
    const finish = (settle: () => void) => {
      source.off('data', onData).off('end', onEnd).off('error', fail).off('close', onClose)
      source.on('error', () => undefined)
      source.pause()
      settle()
    }
    source.on('data', onData).on('end', onEnd).on('error', fail).on('close', onClose)
  })
}

export const bodyTooLarge = (maxBytes: number): ApiError =>
  new ApiError('MaxMessageLengthExceeded', { fields: { MaxMessageLengthBytes: maxBytes } })
