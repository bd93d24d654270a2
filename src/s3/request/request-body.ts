/**
 * The body of one request, opened only when an operation reads it: decoded from aws-chunked framing, bounded, and
 * verified against everything that the client announced (length, Content-MD5, x-amz-content-sha256, checksums).
 */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { bodyTooLarge, readBody } from '#http/read-body.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { ChecksumAlgorithm } from '#model/object/object.ts'
import { servedDocumentBytes } from '#model/served-request.ts'
import type { RequestBody } from '#s3/operation.ts'
import { decodeAwsChunked } from '#signature/chunks/aws-chunked.ts'
import type { Payload } from '#signature/request.ts'
import type { IncomingBody } from '#store/contract.ts'
import { announcedChecksum, announcedTrailer, verifyAnnounced } from './headers/checksum-headers.ts'

/** `headers`: those of the request, and those in the query of its presigned URL. */
export function createRequestBody(
  request: IncomingMessage,
  headers: IncomingHttpHeaders,
  response: ServerResponse,
  payload: Payload,
  maxUploadBytes: number,
): RequestBody {
  return new OpenedBody(request, headers, response, payload, maxUploadBytes)
}

type Decoded = ReturnType<typeof decodeAwsChunked>

class OpenedBody implements RequestBody {
  readonly sizeBytes: number | undefined
  readonly #request: IncomingMessage
  readonly #headers: IncomingHttpHeaders
  readonly #response: ServerResponse
  readonly #payload: Payload
  readonly #maxUploadBytes: number
  readonly #isFramed: boolean
  #decoded: Decoded | undefined
  #md5: Buffer | undefined
  documentStart: string | undefined

  constructor(
    request: IncomingMessage,
    headers: IncomingHttpHeaders,
    response: ServerResponse,
    payload: Payload,
    maxUploadBytes: number,
  ) {
    this.#request = request
    this.#headers = headers
    this.#response = response
    this.#payload = payload
    this.#maxUploadBytes = maxUploadBytes
    this.#isFramed = payload.kind === 'signed-chunks' || payload.kind === 'unsigned-chunks'
    this.sizeBytes = this.#isFramed
      ? parseDecodedLength(headers['x-amz-decoded-content-length'])
      : parseLength(headers['content-length'])
  }

  get raw(): Readable {
    this.#continue()
    return this.#request
  }

  incoming(algorithms: readonly ChecksumAlgorithm[]): IncomingBody {
    const headers = this.#headers
    if (this.sizeBytes === undefined && (this.#isFramed || headers['transfer-encoding'] === undefined)) {
      throw new ApiError('MissingContentLength')
    }
    if (this.sizeBytes !== undefined && this.sizeBytes > this.#maxUploadBytes) {
      throw entityTooLarge(this.sizeBytes, this.#maxUploadBytes)
    }
    this.#md5 = parseContentMd5(headers['content-md5'])
    return {
      source: this.#open(),
      sizeBytes: this.sizeBytes,
      maxBytes: this.#maxUploadBytes,
      algorithms: this.#payload.kind === 'sha256' ? [...algorithms, 'SHA256'] : algorithms,
    }
  }

  verify(digests: ReadonlyMap<ChecksumAlgorithm, Buffer>): void {
    const payload = this.#payload
    if (payload.kind === 'sha256') {
      const computed = digests.get('SHA256')
      if (computed === undefined) throw new Error('SHA256 was not computed')
      if (!isEqual(computed, Buffer.from(payload.hex, 'hex'))) {
        throw new ApiError('XAmzContentSHA256Mismatch', {
          fields: { ClientComputedContentSHA256: payload.hex, S3ComputedContentSHA256: computed.toString('hex') },
        })
      }
    }
    if (this.#md5 === undefined) return
    const computed = digests.get('MD5')
    if (computed === undefined) throw new Error('MD5 was not computed')
    if (isEqual(computed, this.#md5)) return
    throw new ApiError('BadDigest', {
      fields: { ExpectedDigest: this.#md5.toString('base64'), CalculatedDigest: computed.toString('base64') },
    })
  }

  trailers(): Readonly<Record<string, string>> {
    return this.#decoded?.trailers ?? {}
  }

  async document(checksumOf: 'body' | 'object' = 'body'): Promise<Buffer> {
    const headers = this.#headers
    const announced = checksumOf === 'body' ? announcedChecksum(headers) : announcedTrailer(headers)
    this.#md5 = parseContentMd5(headers['content-md5'])
    if (this.sizeBytes !== undefined && this.sizeBytes > limits.documentBytes) throw bodyTooLarge(limits.documentBytes)
    if (this.sizeBytes === undefined && this.#isFramed) throw new ApiError('MissingContentLength')
    const hasBody = this.sizeBytes !== undefined || headers['transfer-encoding'] !== undefined
    const bytes = hasBody ? await readBody(this.#open(), limits.documentBytes) : Buffer.alloc(0)
    if (this.sizeBytes !== undefined && bytes.length !== this.sizeBytes) throw new ApiError('IncompleteBody')
    if (bytes.length > 0) this.documentStart = bytes.toString('utf8', 0, servedDocumentBytes)
    const names = new Set<ChecksumAlgorithm>()
    if (this.#md5 !== undefined) names.add('MD5')
    if (this.#payload.kind === 'sha256') names.add('SHA256')
    if (announced !== undefined) names.add(announced.algorithm)
    const digests = digestOnce([...names], bytes)
    this.verify(digests)
    if (announced !== undefined) verifyAnnounced(announced, digests, this.trailers())
    return bytes
  }

  #open(): Readable {
    this.#continue()
    if (!this.#isFramed) return this.#request
    const trailerName = this.#request.headers['x-amz-trailer']?.toString()
    this.#decoded = decodeAwsChunked(this.#request, this.#payload, this.sizeBytes ?? 0, trailerName)
    return this.#decoded
  }

  /** A client with `Expect: 100-continue` sends nothing before this. Its headers are accepted by now. */
  #continue(): void {
    if (this.#headers.expect?.toLowerCase() === '100-continue') this.#response.writeContinue()
  }
}

function parseLength(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  if (!/^\d{1,15}$/.test(header)) throw new ApiError('InvalidArgument', { fields: { ArgumentValue: header } })
  return Number(header)
}

function parseDecodedLength(header: string | string[] | undefined): number | undefined {
  if (header !== undefined && !/^-?\d+$/.test(String(header))) throw new ApiError('MissingContentLength')
  return parseLength(header)
}

function parseContentMd5(header: string | string[] | undefined): Buffer | undefined {
  if (header === undefined) return undefined
  const text = String(header)
  const digest = Buffer.from(text, 'base64')
  if (digest.length !== 16 || digest.toString('base64') !== text) {
    throw new ApiError('InvalidDigest', { fields: { 'Content-MD5': text } })
  }
  return digest
}

function isEqual(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function entityTooLarge(sizeBytes: number, maxBytes: number): ApiError {
  return new ApiError('EntityTooLarge', {
    fields: {
      ProposedSize: sizeBytes,
      MaxSizeAllowed: maxBytes,
      Hint: 'Raise MAX_UPLOAD_SIZE on the server, or upload in parts.',
    },
  })
}
