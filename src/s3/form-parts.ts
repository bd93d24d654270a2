/** Takes a multipart/form-data body apart while it streams: RFC 7578. A part is a file or a field as its name says, not its headers. */
import type { Readable } from 'node:stream'
import { ApiError } from '#model/errors.ts'

export interface Part {
  readonly name: string
  /** As it was sent, with its path; undefined where the part names no file. */
  readonly fileName: string | undefined
}

const headerBytesMax = 16 * 1024
const lineEnd = Buffer.from('\r\n')
const headersEnd = Buffer.from('\r\n\r\n')

/** Bounded: what it keeps is a part's headers at most, or a chunk as it came. */
export class FormParts {
  readonly #chunks: AsyncIterator<Buffer, unknown>
  readonly #delimiter: Buffer
  /** As if a line had ended before, so that the first delimiter is found as the others are. */
  #rest: Buffer = lineEnd

  /** MalformedPOSTRequest without a boundary. */
  constructor(contentType: string, body: Readable) {
    const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? []
    const boundary = quoted ?? bare
    if (boundary === undefined) throw malformed()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
    // The request stays usable for an answer when it is left early.
    this.#chunks = body.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]()
  }

  /** Lets go of the body. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  /** The next part, once the content before it has been read; undefined after the last. MalformedPOSTRequest. */
  async next(): Promise<Part | undefined> {
    while (this.#rest.length < 2) await this.#fill()
    if (this.#rest.toString('latin1', 0, 2) === '--') return undefined
    for (;;) {
      const end = this.#rest.indexOf(headersEnd)
      if (end >= 0) {
        const [padding, ...lines] = this.#rest.toString('utf8', 0, end).split('\r\n')
        if (end > headerBytesMax || padding?.trim() !== '') throw malformed()
        this.#rest = this.#rest.subarray(end + headersEnd.length)
        return parsePart(lines)
      }
      if (this.#rest.length > headerBytesMax) throw malformed()
      await this.#fill()
    }
  }

  /** What comes before the next delimiter, which is passed over. MalformedPOSTRequest if there is none. */
  async *content(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const at = this.#rest.indexOf(this.#delimiter)
      const end = at >= 0 ? at : Math.max(0, this.#rest.length - this.#delimiter.length + 1)
      const ready = this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(at >= 0 ? at + this.#delimiter.length : end)
      if (ready.length > 0) yield ready
      if (at >= 0) return
      await this.#fill()
    }
  }

  async #fill(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done === true) throw malformed()
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
  }
}

const malformed = () => new ApiError('MalformedPOSTRequest')

function parsePart(lines: readonly string[]): Part {
  const disposition = lines.find((line) => /^content-disposition\s*:/i.test(line))
  const [, values] = /^[^:]*:\s*form-data\s*(;.*)?$/is.exec(disposition ?? '') ?? []
  if (disposition === undefined || values === undefined) throw malformed()
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, bare = ''] of values.matchAll(
    /;\s*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;]*))/gs,
  )) {
    // Browsers send the path of Windows as it is: a backslash escapes quotes and itself, and else is one.
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(["\\])/g, '$1') ?? bare.trim())
  }
  return { name: parameters.get('name') ?? '', fileName: extended(parameters) ?? parameters.get('filename') }
}

/** `filename*`, as RFC 5987 writes it; undefined if there is none that can be read. */
function extended(parameters: ReadonlyMap<string, string>): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.*)$/is.exec(parameters.get('filename*') ?? '') ?? []
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}
