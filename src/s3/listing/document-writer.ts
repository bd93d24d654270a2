/**
 * Collects a large document as bytes. Joining a thousand rows into one text costs more than the rows themselves, since
 * the text is walked again for encoding. So rows are encoded a few at a time, into one scratch buffer that all
 * documents share.
 */
export class DocumentWriter {
  #pending = ''
  #length = 0

  /** Everything between the first `add` and `finish` must be synchronous, since the buffer is shared. */
  add(text: string): void {
    this.#pending += text
    if (this.#pending.length >= batchLength) this.#flush()
  }

  finish(): Buffer {
    this.#flush()
    const document = Buffer.from(scratch.subarray(0, this.#length))
    if (scratch.length > keptBytes) scratch = Buffer.allocUnsafeSlow(keptBytes)
    return document
  }

  #flush(): void {
    // One UTF-16 unit takes at most three bytes of UTF-8.
    const needed = this.#length + this.#pending.length * 3
    if (needed > scratch.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, scratch.length * 2))
      scratch.copy(larger, 0, 0, this.#length)
      scratch = larger
    }
    this.#length += scratch.write(this.#pending, this.#length)
    this.#pending = ''
  }
}

const batchLength = 1024
const keptBytes = 1024 * 1024
let scratch = Buffer.allocUnsafeSlow(keptBytes)
