/**
 * The bytes of a form up to its file: the parser decodes text by the part's charset, but does not say which that was.
 */
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

  /**
   * The bytes of the next part with this text. The bytes up to it are dropped. Undefined if they are in no known
   * charset.
   */
  take(text: string): { content: Buffer; headers: string } | undefined {
    const came = Buffer.concat(this.#chunks)
    // The parser reads parts without a charset as Latin-1, which keeps each byte.
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
