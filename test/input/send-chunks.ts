/** Uploads in aws-chunked framing, correct or damaged. */
import type { Asked, TestApi } from './api.ts'
import { type Spoiling, signedChunks, type Trailer, unsignedChunks } from './chunks.ts'
import type { Signed } from './signer.ts'
import { type Answer, exchange, format } from './wire.ts'

export const bodyModes = [
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
] as const
export type BodyMode = (typeof bodyModes)[number]

export interface Upload extends Omit<Asked, 'body'> {
  readonly mode: BodyMode
  readonly chunks: readonly Buffer[]
  readonly trailer?: Trailer
  readonly spoiling?: Spoiling
  readonly decodedLength?: number
}

export function sendChunks(api: TestApi, upload: Upload): Promise<Answer> {
  const { mode, chunks, trailer, spoiling, decodedLength, ...asked } = upload
  const size = decodedLength ?? chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const frame = (seed: Pick<Signed, 'signature' | 'chain'>) =>
    mode.includes('UNSIGNED')
      ? unsignedChunks(chunks, trailer, spoiling)
      : signedChunks(chunks, seed, trailer, spoiling)
  const placeholder = { signature: '0'.repeat(64), chain: { key: Buffer.alloc(32), timestamp: '', scope: '' } }
  const headers = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(size),
    ...(asked.as === 'anonymous' ? { 'x-amz-content-sha256': mode } : {}),
    ...(trailer === undefined ? {} : { 'x-amz-trailer': trailer.name }),
    'content-length': String(frame(placeholder).length),
    ...asked.headers,
  }
  const signed = api.sign({ ...asked, headers, signing: { payload: mode, ...asked.signing } })
  const body = frame('signature' in signed ? signed : placeholder)
  return exchange(api.port, format({ ...signed, body }))
}
