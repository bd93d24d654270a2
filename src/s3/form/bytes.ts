/** The bytes of a form as they came, up to its file: the parser gives text, in the charset that the part names, but not which that was. */
export class FormBytes {
  readonly #delimiter: Buffer
  #chunks: Buffer[] = []

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  clear(): void {
    this.#chunks = []
  }

  /** The next part that is this text; it and what is before it are let go of. Undefined if no charset gives bytes that were sent. */
  take(text: string): { content: Buffer; headers: string } | undefined {
    const came = Buffer.concat(this.#chunks)
    // The parser reads parts without a charset as latin1, which keeps each byte.
    for (const charset of ['latin1', 'utf8', 'utf16le'] as const) {
      const content = Buffer.from(text, charset)
      const at = came.indexOf(Buffer.concat([headersEnd, content, this.#delimiter]))
      if (at < 0) continue
      this.#chunks = [came.subarray(at + headersEnd.length + content.length)]
      const before = came.subarray(0, at)
      const start = Math.max(0, before.lastIndexOf(this.#delimiter))
      return { content, headers: before.toString('latin1', start) }
    }
    return undefined
  }
}

const headersEnd = Buffer.from('\r\n\r\n')
