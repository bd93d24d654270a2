/**
 * Decodes aws-chunked framing of a body while it streams, and verifies every chunk's signature, the closing chunk and
 * the trailers. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */
import { createHash, hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { ApiError } from '#model/errors.ts'
import type { ChunkChain, Payload } from '#signature/request.ts'
import { isSame } from '#signature/signing-key.ts'
import { TrailerLines } from './trailer-lines.ts'

const lineBytesMax = 1024
/** Least size of every chunk but the last: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
const chunkBytesMin = 8192
const emptyHash = hash('sha256', '', 'hex')
const empty = Buffer.alloc(0)

type Framed = Extract<Payload, { kind: 'signed-chunks' | 'unsigned-chunks' }>

/** `trailerName`: the value of `x-amz-trailer`. */
export function decodeAwsChunked(
  source: Readable,
  payload: Payload,
  decodedLength: number | undefined,
  trailerName?: string,
): ChunkedBody {
  if (payload.kind !== 'signed-chunks' && payload.kind !== 'unsigned-chunks') throw new Error('the body has no frames')
  return new ChunkedBody(source, payload, decodedLength, trailerName)
}

/** A stream of the decoded bytes. It ends only after everything was verified. */
export class ChunkedBody extends Readable {
  readonly #source: Readable
  readonly #chain: ChunkChain | undefined
  readonly #decodedLength: number | undefined
  readonly #trailer: TrailerLines
  #state: 'header' | 'data' | 'data-end' | 'trailer' | 'done' = 'header'
  #line: Buffer = empty
  #left = 0
  #received = 0
  #chunks = 0
  #chunkBytes = 0
  #tooSmall: { Chunk: number; BadChunkSize: number } | undefined
  #previous: string
  #chunkSignature = ''
  #chunkHash = createHash('sha256')
  /** The last bytes of a signed chunk, held back until it is verified. */
  #held: Buffer = empty

  constructor(source: Readable, payload: Framed, decodedLength: number | undefined, trailerName: string | undefined) {
    super({ highWaterMark: 1024 * 1024 })
    this.#source = source
    this.#chain = payload.kind === 'signed-chunks' ? payload.chain : undefined
    const isTrailerSigned = payload.kind === 'signed-chunks' && payload.trailer
    // Signed chunks without a signed trailer have no trailer.
    const announced = this.#chain === undefined || isTrailerSigned ? trailerName?.trim().toLowerCase() : undefined
    this.#trailer = new TrailerLines({ announced, chain: isTrailerSigned ? this.#chain : undefined })
    this.#decodedLength = decodedLength
    this.#previous = this.#chain?.seedSignature ?? ''
    source.on('data', (bytes: Buffer) => this.#take(bytes))
    source.on('end', () => this.#finish())
    source.on('error', (error) => this.destroy(new ApiError('IncompleteBody', { cause: error })))
    source.on('close', () => {
      if (this.#state !== 'done') this.destroy(new ApiError('IncompleteBody'))
    })
    source.pause()
  }

  /** Names in lower case; complete at the end. */
  get trailers(): Readonly<Record<string, string>> {
    return this.#trailer.values
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.pause()
    callback(error)
  }

  #take(bytes: Buffer): void {
    if (this.destroyed) return
    try {
      let rest = bytes
      while (rest.length > 0) rest = this.#step(rest)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #step(bytes: Buffer): Buffer {
    if (this.#state === 'data') return this.#takeData(bytes)
    const end = bytes.indexOf(0x0a)
    const part = end === -1 ? bytes : bytes.subarray(0, end)
    const isTooLong = this.#line.length + part.length > (this.#state === 'data-end' ? 1 : lineBytesMax)
    if (isTooLong) throw this.#state === 'trailer' ? new ApiError('InvalidRequest') : new ApiError('IncompleteBody')
    const line = this.#line.length === 0 ? part : Buffer.concat([this.#line, part])
    if (end === -1) {
      this.#line = Buffer.from(line)
      return empty
    }
    this.#line = empty
    this.#takeLine(line.toString('latin1'))
    return bytes.subarray(end + 1)
  }

  #takeData(bytes: Buffer): Buffer {
    const part = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left)
    this.#left -= part.length
    this.#received += part.length
    if (this.#chain !== undefined) this.#chunkHash.update(part)
    if (this.#left === 0) this.#state = 'data-end'
    if (this.#left === 0 && this.#chain !== undefined) this.#held = part
    else if (!this.push(part)) this.#source.pause()
    return bytes.subarray(part.length)
  }

  /** `line`: without its LF. */
  #takeLine(line: string): void {
    const hasReturn = line.endsWith('\r')
    const text = hasReturn ? line.slice(0, -1) : line
    if (this.#state === 'trailer') this.#trailer.take(text, hasReturn ? '\r\n' : '\n')
    else if (!hasReturn) throw new ApiError('IncompleteBody')
    else if (this.#state === 'header') this.#takeHeader(text)
    else this.#endChunk()
  }

  /** Verified before its last bytes are passed on: nothing is read after a broken chunk. */
  #endChunk(): void {
    this.#state = 'header'
    if (this.#chain === undefined) return
    this.#verifyChunk(this.#chunkHash.digest('hex'))
    const held = this.#held
    this.#held = empty
    if (!this.push(held)) this.#source.pause()
  }

  #takeHeader(line: string): void {
    const [size = '', ...extensions] = line.split(';')
    if (!/^[0-9a-fA-F]{1,12}$/.test(size.trim())) throw new ApiError('IncompleteBody')
    const sizeBytes = Number.parseInt(size, 16)
    if (this.#chain !== undefined) {
      const [, signature] = /^\s*chunk-signature=(\S{64})\s*$/.exec(extensions.join(';')) ?? []
      if (signature === undefined) throw new ApiError('IncompleteBody')
      this.#chunkSignature = signature
      this.#chunkHash = createHash('sha256')
      this.#noteSize(sizeBytes)
    }
    this.#left = sizeBytes
    if (this.#decodedLength !== undefined && this.#received + sizeBytes > this.#decodedLength) throw wrongLength()
    if (sizeBytes > 0) {
      this.#state = 'data'
      return
    }
    this.#verifyChunk(emptyHash)
    if (this.#decodedLength !== undefined && this.#received !== this.#decodedLength) throw wrongLength()
    // Checked last, so that a broken or forged body is refused as such.
    if (this.#tooSmall !== undefined) throw new ApiError('InvalidChunkSizeError', { fields: this.#tooSmall })
    this.#state = 'trailer'
  }

  /** Does not apply to unsigned chunks, which SDKs make from the stream as it arrives. */
  #noteSize(sizeBytes: number): void {
    const before = this.#chunkBytes
    this.#chunkBytes = sizeBytes
    this.#chunks++
    if (this.#chunks === 1 || sizeBytes === 0 || before >= chunkBytesMin) return
    this.#tooSmall ??= { Chunk: this.#chunks, BadChunkSize: before }
  }

  #verifyChunk(dataHash: string): void {
    const chain = this.#chain
    if (chain === undefined) return
    const toSign = `AWS4-HMAC-SHA256-PAYLOAD\n${chain.timestamp}\n${chain.scope}\n${this.#previous}\n${emptyHash}\n${dataHash}`
    const computed = chain.signingKey.sign(toSign)
    if (!isSame(computed, this.#chunkSignature)) throw new ApiError('SignatureDoesNotMatch')
    this.#previous = computed
  }

  #finish(): void {
    if (this.destroyed) return
    try {
      if (!this.#trailer.isAtEnd) throw new ApiError('IncompleteBody')
      if (this.#line.length > 0) throw new ApiError('MalformedTrailerError')
      this.#trailer.verify(this.#previous)
      this.#state = 'done'
      this.push(null)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

const wrongLength = () =>
  new ApiError('IncompleteBody', {
    message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
  })
