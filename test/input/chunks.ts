/** aws-chunked bodies, correct or damaged in one place. */
import { type Chain, sha256, signText } from './signer.ts'

export interface Spoiling {
  /** Bytes changed in this chunk after it was signed. */
  readonly changedChunk?: number
  readonly swapped?: boolean
  readonly withoutLastChunk?: boolean
  /** Bytes kept of the whole. */
  readonly cutAt?: number
  /** Trailer lines, in place of the right ones. */
  readonly trailer?: string
  /** Bytes after the end. */
  readonly after?: string
  readonly withoutLastByte?: true
}

export interface Trailer {
  readonly name: string
  readonly value: string
}

const emptyHash = sha256('')

export function signedChunks(
  chunks: readonly Buffer[],
  seed: { readonly signature: string; readonly chain: Chain },
  trailer?: Trailer,
  spoiling: Spoiling = {},
): Buffer {
  let previous = seed.signature
  const frames = [...chunks, Buffer.alloc(0)].map((data, index) => {
    previous = signText(seed.chain, 'AWS4-HMAC-SHA256-PAYLOAD', previous, emptyHash, sha256(data))
    const sent = index === spoiling.changedChunk ? Buffer.from(data).fill('X', 0, 1) : data
    return frame(sent, `;chunk-signature=${previous}`)
  })
  const lines = trailer === undefined ? [] : [`${trailer.name}:${trailer.value}`]
  if (trailer !== undefined) {
    const signature = signText(
      seed.chain,
      'AWS4-HMAC-SHA256-TRAILER',
      previous,
      sha256(`${trailer.name}:${trailer.value}\n`),
    )
    lines.push(`x-amz-trailer-signature:${signature}`)
  }
  return spoil(frames, lines, spoiling)
}

export function unsignedChunks(chunks: readonly Buffer[], trailer?: Trailer, spoiling: Spoiling = {}): Buffer {
  const frames = [...chunks, Buffer.alloc(0)].map((data) => frame(data, ''))
  return spoil(frames, trailer === undefined ? [] : [`${trailer.name}:${trailer.value}`], spoiling)
}

function frame(data: Buffer, extension: string): Buffer {
  const head = Buffer.from(`${data.length.toString(16)}${extension}\r\n`)
  return data.length === 0 ? head : Buffer.concat([head, data, Buffer.from('\r\n')])
}

function spoil(frames: Buffer[], lines: readonly string[], spoiling: Spoiling): Buffer {
  const [first, second, ...rest] = frames
  let sent = frames
  if (spoiling.swapped && first !== undefined && second !== undefined) sent = [second, first, ...rest]
  if (spoiling.withoutLastChunk) sent = sent.slice(0, -1)
  const end = spoiling.trailer ?? [...lines, ''].map((line) => `${line}\r\n`).join('')
  const whole = Buffer.concat([...sent, Buffer.from(end), Buffer.from(spoiling.after ?? '')])
  if (spoiling.withoutLastByte) return whole.subarray(0, -1)
  return spoiling.cutAt === undefined ? whole : whole.subarray(0, spoiling.cutAt)
}
