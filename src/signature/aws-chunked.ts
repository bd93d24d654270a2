/**
 * Takes aws-chunked framing off a body while it streams, and verifies every chunk's signature, the closing chunk and the trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */
import { createHash, hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { ApiError } from '#model/errors.ts'
import type { ChunkChain, Payload } from './request.ts'
import { isSame } from './signing-key.ts'

const lineBytesMax = 1024
const trailerBytesMax = 16 * 1024
const emptyHash = hash('sha256', '', 'hex')

type Framed = Extract<Payload, { kind: 'signed-chunks' | 'unsigned-chunks' }>

export function decodeAwsChunked(source: Readable, payload: Payload, decodedLength: number | undefined): ChunkedBody {
  if (payload.kind !== 'signed-chunks' && payload.kind !== 'unsigned-chunks') throw new Error('the body has no frames')
  return new ChunkedBody(source, payload, decodedLength)
}

/** A readable of the decoded bytes. It ends only when everything has been verified. */
export class ChunkedBody extends Readable {
  /** Names in lower case; complete at the end. */
  readonly trailers: Record<string, string> = {}
  readonly #source: Readable
  readonly #chain: ChunkChain | undefined
  readonly #hasSignedTrailer: boolean
  readonly #decodedLength: number | undefined
  #state: 'header' | 'data' | 'data-end' | 'trailer' | 'done' = 'header'
  #line = Buffer.alloc(0)
  #left = 0
  #received = 0
  #previous: string
  #chunkSignature = ''
  #chunkHash = createHash('sha256')
  #trailerText = ''
  #trailerSignature: string | undefined

  constructor(source: Readable, payload: Framed, decodedLength: number | undefined) {
    super({ highWaterMark: 1024 * 1024 })
    this.#source = source
    this.#chain = payload.kind === 'signed-chunks' ? payload.chain : undefined
    this.#hasSignedTrailer = payload.kind === 'signed-chunks' && payload.trailer
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
      while (rest.length > 0 && this.#state !== 'done') rest = this.#step(rest)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #step(bytes: Buffer): Buffer {
    if (this.#state === 'data') return this.#takeData(bytes)
    const end = bytes.indexOf(0x0a)
    const part = end === -1 ? bytes : bytes.subarray(0, end)
    if (this.#line.length + part.length > lineBytesMax) throw new ApiError('InvalidRequest')
    const line = this.#line.length === 0 ? part : Buffer.concat([this.#line, part])
    if (end === -1) {
      this.#line = Buffer.from(line)
      return bytes.subarray(bytes.length)
    }
    this.#line = Buffer.alloc(0)
    this.#takeLine(line.toString('latin1').replace(/\r$/, ''))
    return bytes.subarray(end + 1)
  }

  #takeData(bytes: Buffer): Buffer {
    const part = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left)
    this.#left -= part.length
    this.#received += part.length
    if (this.#decodedLength !== undefined && this.#received > this.#decodedLength) throw new ApiError('IncompleteBody')
    if (this.#chain !== undefined) this.#chunkHash.update(part)
    if (this.#left === 0) {
      this.#state = 'data-end'
      // Verified before its last bytes are handed on: what follows a broken chunk is never read.
      if (this.#chain !== undefined) this.#verifyChunk(this.#chunkHash.digest('hex'))
    }
    if (!this.push(part)) this.#source.pause()
    return bytes.subarray(part.length)
  }

  #takeLine(line: string): void {
    if (this.#state === 'data-end') {
      if (line !== '') throw new ApiError('InvalidRequest')
      this.#state = 'header'
    } else if (this.#state === 'header') this.#takeHeader(line)
    else this.#takeTrailer(line)
  }

  #takeHeader(line: string): void {
    const [size = '', ...extensions] = line.split(';')
    if (!/^[0-9a-fA-F]{1,12}$/.test(size.trim())) throw new ApiError('InvalidRequest')
    this.#left = Number.parseInt(size, 16)
    const signature = extensions.find((extension) => extension.trim().startsWith('chunk-signature='))
    if (this.#chain !== undefined) {
      if (signature === undefined) throw new ApiError('SignatureDoesNotMatch')
      this.#chunkSignature = signature.trim().slice('chunk-signature='.length)
      this.#chunkHash = createHash('sha256')
    }
    if (this.#left > 0) {
      this.#state = 'data'
      return
    }
    this.#verifyChunk(emptyHash)
    this.#state = 'trailer'
  }

  #verifyChunk(dataHash: string): void {
    const chain = this.#chain
    if (chain === undefined) return
    const toSign = `AWS4-HMAC-SHA256-PAYLOAD\n${chain.timestamp}\n${chain.scope}\n${this.#previous}\n${emptyHash}\n${dataHash}`
    const computed = chain.signingKey.sign(toSign)
    if (!isSame(computed, this.#chunkSignature)) throw new ApiError('SignatureDoesNotMatch')
    this.#previous = computed
  }

  #takeTrailer(line: string): void {
    if (line === '') return
    const colon = line.indexOf(':')
    const isExpected = this.#chain === undefined || this.#hasSignedTrailer
    if (colon < 1 || !isExpected) throw new ApiError('MalformedTrailerError')
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature') {
      this.#trailerSignature = value
      return
    }
    this.#trailerText += `${name}:${value}\n`
    const isRepeated = Object.hasOwn(this.trailers, name)
    if (isRepeated || this.#trailerText.length > trailerBytesMax) throw new ApiError('MalformedTrailerError')
    Object.defineProperty(this.trailers, name, { value, enumerable: true, configurable: true })
  }

  #finish(): void {
    if (this.destroyed) return
    try {
      if (this.#state !== 'trailer') throw new ApiError('IncompleteBody')
      if (this.#decodedLength !== undefined && this.#received !== this.#decodedLength)
        throw new ApiError('IncompleteBody')
      if (this.#hasSignedTrailer) this.#verifyTrailer()
      this.#state = 'done'
      this.push(null)
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #verifyTrailer(): void {
    const chain = this.#chain
    if (chain === undefined) return
    const textHash = hash('sha256', this.#trailerText, 'hex')
    const toSign = `AWS4-HMAC-SHA256-TRAILER\n${chain.timestamp}\n${chain.scope}\n${this.#previous}\n${textHash}`
    if (!isSame(chain.signingKey.sign(toSign), this.#trailerSignature ?? ''))
      throw new ApiError('SignatureDoesNotMatch')
  }
}
