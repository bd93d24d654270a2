/** Reads a multipart/form-data upload: the fields before the file, then the file as a stream. */
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Busboy } from 'busboy'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { FormBytes } from './bytes.ts'
import { FormDelimiters } from './delimiters.ts'
import { asMalformed, boundaryOf, createFormParser, partsMax } from './parser.ts'

/** Fields, or a file without a name, and the headers of the largest number of parts. */
const bytesBeforeFileMax = limits.postFieldsBytes + limits.postNamelessFileBytes + partsMax * 256

export interface Form {
  /** The fields before the file, names in lower case. */
  readonly fields: Map<string, string>
  readonly file: Readable
  /** Undefined if the part of the file has no file name. */
  readonly fileName: string | undefined
  /** Discards the file. The answer handles the rest of the body. */
  release(): void
}

/**
 * The part named `file` is the file, with or without a file name. Every other part is a field, also with a file name,
 * as some clients send them. Parts after the file are ignored. MalformedPOSTRequest, MaxPostPreDataLengthExceededError,
 * InvalidArgument; EntityTooLarge for a file without a name, which is kept in memory.
 */
export function readForm(headers: IncomingHttpHeaders, body: Readable): Promise<Form> {
  return new Promise((resolve, reject) => new FormReader(headers, body, resolve, reject))
}

class FormReader {
  readonly #body: Readable
  readonly #parser: Busboy
  readonly #bytes: FormBytes
  readonly #delimiters: FormDelimiters
  /** In the order of the form. If a name repeats, the last one counts. */
  readonly #entries: [name: string, value: string | Promise<string>][] = []
  readonly #resolve: (form: Form) => void
  readonly #reject: (error: unknown) => void
  /**
   * Resolves once the form continues after its file, or has ended: before, the end of the file may be a false boundary.
   */
  readonly #fileEnded: Promise<void>
  #endFile: () => void = () => undefined
  #failFile: (error: unknown) => void = () => undefined
  #fieldBytesLeft: number = limits.postFieldsBytes
  #receivedBytes = 0
  #hasFile = false

  constructor(
    headers: IncomingHttpHeaders,
    body: Readable,
    resolve: (form: Form) => void,
    reject: (e: unknown) => void,
  ) {
    this.#body = body
    this.#resolve = resolve
    this.#reject = reject
    this.#fileEnded = new Promise((done, failed) => {
      this.#endFile = done
      this.#failFile = failed
    })
    this.#fileEnded.catch(() => undefined)
    const boundary = boundaryOf(headers['content-type'] ?? '')
    this.#bytes = new FormBytes(boundary)
    this.#delimiters = new FormDelimiters(boundary)
    this.#parser = createFormParser(boundary)
    this.#listen()
    body.on('data', this.#onData).on('error', this.#fail).on('close', this.#onClose)
    body.pipe(this.#parser)
    if (body.destroyed) this.#onClose()
  }

  #listen(): void {
    // The parser gives no name for an empty one, and no text in an unknown charset.
    this.#parser
      .on('field', (name: string | undefined, value: string | undefined, info) => {
        if (this.#hasFile) return this.#endFile()
        try {
          this.#takeField(name?.toLowerCase() ?? '', value, info.valueTruncated)
        } catch (error) {
          this.#fail(error)
        }
      })
      .on('file', (name: string | undefined, stream, info) => {
        stream.on('error', () => undefined)
        if (this.#hasFile) {
          stream.resume()
          this.#endFile()
        } else if (name?.toLowerCase() === 'file') this.#found(stream, info.filename ?? '')
        else this.#entries.push([name?.toLowerCase() ?? '', this.#readField(stream)])
      })
      .on('partsLimit', () => this.#end())
      .on('finish', () => this.#end())
      .on('error', this.#fail)
  }

  #takeField(name: string, value: string | undefined, isTruncated: boolean): void {
    const isFile = name === 'file'
    if (isTruncated) throw isFile ? tooLargeWithoutName() : tooLong()
    const part = value === undefined ? undefined : this.#bytes.take(value)
    if (part === undefined) {
      throw new ApiError('MalformedPOSTRequest', { message: 'A field of the form is not text in UTF-8.' })
    }
    const { content, headers } = part
    if (isFile) {
      if (content.length > limits.postNamelessFileBytes) throw tooLargeWithoutName()
      const hasEmptyName = /;\s*filename\*?\s*=/i.test(headers)
      this.#found(Readable.from(content.length === 0 ? [] : [content]), hasEmptyName ? '' : undefined)
      return
    }
    this.#spend(Buffer.byteLength(name) + content.length)
    this.#entries.push([name, content.toString()])
  }

  /** A field with a file name. */
  #readField(part: Readable): Promise<string> {
    const read = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of part as AsyncIterable<Buffer>) {
        this.#spend(chunk.length)
        chunks.push(chunk)
      }
      return Buffer.concat(chunks).toString()
    }
    const value = read()
    value.catch(this.#fail)
    return value
  }

  #spend(sizeBytes: number): void {
    this.#fieldBytesLeft -= sizeBytes
    if (this.#fieldBytesLeft < 0) throw tooLong()
  }

  #found(content: Readable, fileName: string | undefined): void {
    this.#hasFile = true
    this.#bytes.clear()
    this.#answer(content, fileName).catch(this.#fail)
  }

  async #answer(content: Readable, fileName: string | undefined): Promise<void> {
    const fields = new Map<string, string>()
    for (const [name, value] of this.#entries) if (name !== '') fields.set(name, await value)
    const file = Readable.from(this.#contentThenEnd(content), { objectMode: false, highWaterMark: 1024 * 1024 })
    const release = () => {
      file.destroy()
      content.destroy()
      this.#stop()
    }
    this.#resolve({ fields, file, fileName, release })
  }

  async *#contentThenEnd(content: Readable): AsyncGenerator<Buffer, void> {
    try {
      yield* content as AsyncIterable<Buffer>
      await this.#fileEnded
    } catch (error) {
      throw asMalformed(error)
    } finally {
      this.#stop()
    }
  }

  /** The form has ended, or has too many parts. */
  #end(): void {
    this.#endFile()
    if (this.#hasFile) return
    this.#fail(new ApiError('InvalidArgument', { message: 'POST requires exactly one file upload per request.' }))
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#delimiters.areRightIn(chunk)) this.#fail(new ApiError('MalformedPOSTRequest'))
    else if (!this.#hasFile) {
      if (this.#receivedBytes > bytesBeforeFileMax) this.#fail(tooLargeWithoutName())
      this.#receivedBytes += chunk.length
      this.#bytes.push(chunk)
    }
  }

  readonly #onClose = (): void => {
    if (!this.#body.readableEnded) this.#fail(new Error('the body ended early'))
  }

  readonly #fail = (error: unknown): void => {
    this.#failFile(error)
    this.#reject(asMalformed(error))
    this.#stop(error)
  }

  /** The body stays usable for an answer. */
  #stop(error?: unknown): void {
    this.#body.off('data', this.#onData).off('error', this.#fail).off('close', this.#onClose)
    this.#body.unpipe(this.#parser)
    this.#bytes.clear()
    this.#parser.destroy(error instanceof Error ? error : undefined)
  }
}

const tooLong = () => new ApiError('MaxPostPreDataLengthExceededError')

const tooLargeWithoutName = () =>
  new ApiError('EntityTooLarge', {
    message: 'A file without a file name may have 1 MiB at most: send the part "file" with a filename.',
    fields: { MaxSizeAllowed: limits.postNamelessFileBytes },
  })
