/** The bytes of a version as pieces upstream. The first request upstream is for the first byte. */
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ByteRange, Staged } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { sendStretch } from '#blobs/io/egress.ts'
import type { StretchCheck } from '#blobs/io/stretch-check.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { cutPieces, decodePieces, type Piece } from '#blobs/upstream/piece.ts'
import { blobKey, bytesKey } from '#blobs/upstream/rows.ts'
import { createDigester } from '#lib/digest/digest.ts'
import { asBuffer } from '#metadata/engine.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { expectedObjectsOf } from './expected-objects.ts'
import { LongRead } from './long-read.ts'
import { PieceReader } from './piece-reader.ts'
import type { ExpectedObjects } from './stretch-reader.ts'
import { areBytesOf, asReadProblem, assertSameDigests, checkOf } from './verify.ts'

/** Undefined: the index no longer has the version. */
export async function openVersion(
  context: UpstreamContext,
  bucket: string,
  version: StoredVersion,
): Promise<OpenBlob | 'damaged' | undefined> {
  const { engine } = context
  const { id, kind } = version.blob
  const row = await engine.get(kind === 0 ? bytesKey(id) : blobKey(id))
  if (row === undefined) return undefined
  if (kind !== 0) return new UpstreamBlob(context, bucket, version, decodePieces(row))
  const bytes = asBuffer(row)
  return areBytesOf(context, version, bytes) ? new OpenBytes(bytes) : 'damaged'
}

/** Sequential reads request this much at first, and each time twice as much: their total size is unknown. */
const windowBytesMin = 8 * 1024 * 1024
const windowBytesMax = 64 * 1024 * 1024

export class UpstreamBlob implements OpenBlob {
  readonly version: StoredVersion
  readonly kept: readonly Piece[]
  readonly #context: UpstreamContext
  readonly #bucket: string
  readonly #expected: ExpectedObjects | undefined
  readonly #readers = new Set<PieceReader>()
  #inTurn: { readonly reader: PieceReader; readonly end: number } | undefined
  /** The end of the last `readInto`. */
  #inTurnEnd = -1
  #isClosed = false
  #reading: LongRead | undefined

  constructor(context: UpstreamContext, bucket: string, version: StoredVersion, pieces: readonly Piece[]) {
    this.#context = context
    this.#bucket = bucket
    this.version = version
    this.kept = pieces
    this.#expected = expectedObjectsOf(context, version, pieces)
  }

  get sizeBytes(): number {
    return this.version.blob.sizeBytes
  }

  isKeptIn(context: UpstreamContext): boolean {
    return context.upstream === this.#context.upstream
  }

  bytes(): undefined {
    return undefined
  }

  async send(range: ByteRange, response: ServerResponse, writeHead?: () => void): Promise<void> {
    const reader = this.#reader(cutPieces(this.kept, range), range.start)
    try {
      await sendStretch(response, { source: reader, ...range, check: this.#check(range) }, writeHead)
    } catch (error) {
      throw await this.#problem(error)
    } finally {
      this.#letGo(reader)
    }
  }

  async *pieces(range: ByteRange): AsyncGenerator<Buffer> {
    const check = this.#check(range)
    const digester = check.mustDigest ? createDigester(['CRC64NVME']) : undefined
    let position = range.start
    for await (const chunk of this.#chunks(range)) {
      position += chunk.length
      digester?.update(chunk)
      if (position === range.end) check.assertSame(digester?.digest().get('CRC64NVME'))
      yield chunk
    }
  }

  uncheckedStream(range: ByteRange): Readable {
    return Readable.from(this.#chunks(range), { objectMode: false, highWaterMark: 1024 * 1024 })
  }

  async *#chunks(range: ByteRange): AsyncGenerator<Buffer> {
    const reader = this.#reader(cutPieces(this.kept, range), range.start)
    try {
      for (;;) {
        const chunk = await reader.next()
        if (chunk === undefined) break
        yield chunk
      }
      if (reader.position !== range.end) throw new Error(`the pieces end at ${reader.position}, before ${range.end}`)
    } catch (error) {
      throw await this.#problem(error)
    } finally {
      this.#letGo(reader)
    }
  }

  /** A single read requests only its own bytes. Sequential reads share requests. */
  async readInto(target: Uint8Array, position: number): Promise<void> {
    const end = position + target.length
    try {
      await this.#readerInTurn(position, end).fill(target)
      this.#inTurnEnd = end
    } catch (error) {
      throw await this.#problem(error)
    }
  }

  #readerInTurn(position: number, end: number): PieceReader {
    const before = this.#inTurn
    if (before !== undefined && before.reader.position === position && before.end >= end) return before.reader
    if (before !== undefined) this.#letGo(before.reader)
    const isInTurn = position === this.#inTurnEnd
    const range = { start: position, end: isInTurn ? this.sizeBytes : end }
    const reader = this.#reader(inWindows(cutPieces(this.kept, range)), position)
    this.#inTurn = { reader, end: range.end }
    return reader
  }

  assertCopied(range: ByteRange, digests: Staged['digests']): void {
    if (this.#isWhole(range)) assertSameDigests(this.#context, this.#bucket, this.version, digests)
  }

  close(): void {
    this.#isClosed = true
    this.#reading?.end()
    for (const reader of this.#readers) reader.close()
    this.#readers.clear()
  }

  #isWhole({ start, end }: ByteRange): boolean {
    return start === 0 && end === this.sizeBytes
  }

  #check(range: ByteRange): StretchCheck {
    return checkOf(this.#context, this.#bucket, this.version, this.#isWhole(range))
  }

  #reader(pieces: readonly Piece[], position: number): PieceReader {
    const reader = new PieceReader(this.#context, pieces, position, this.#expected)
    if (this.#isClosed) reader.close()
    else {
      this.#readers.add(reader)
      this.#reading ??= new LongRead(this.#context, this.version.blob.id)
    }
    return reader
  }

  #letGo(reader: PieceReader): void {
    reader.close()
    this.#readers.delete(reader)
  }

  #problem(error: unknown): Promise<unknown> {
    return asReadProblem(this.#context, this.#bucket, this.version, error)
  }
}

/** Cuts pieces into ranges of growing size. */
function inWindows(pieces: readonly Piece[]): Piece[] {
  const windows: Piece[] = []
  let windowBytes = windowBytesMin
  for (const piece of pieces) {
    for (let at = 0; at < piece.sizeBytes; ) {
      const sizeBytes = Math.min(piece.sizeBytes - at, windowBytes)
      windows.push({ ...piece, start: piece.start + at, sizeBytes })
      at += sizeBytes
      windowBytes = Math.min(2 * windowBytes, windowBytesMax)
    }
  }
  return windows
}
