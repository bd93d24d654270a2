/**
 * Watches a form for a boundary that is followed by invalid bytes. The parser ends the part there and skips the rest: a
 * file would be stored without its end.
 */
export class FormDelimiters {
  readonly #delimiter: Buffer
  /** Starts as after a line end, so that the first delimiter is found like the others. */
  #rest: Buffer = Buffer.from('\r\n')
  #hasEnded = false

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  areRightIn(chunk: Buffer): boolean {
    const { length } = this.#delimiter
    let bytes = Buffer.concat([this.#rest, chunk])
    while (!this.#hasEnded) {
      const at = bytes.indexOf(this.#delimiter)
      const next = at < 0 ? '' : bytes.toString('latin1', at + length, at + length + 2)
      if (next.length < 2) {
        this.#rest = bytes.subarray(at < 0 ? Math.max(0, bytes.length - length + 1) : at)
        return true
      }
      if (next !== '--' && next !== '\r\n') return false
      this.#hasEnded = next === '--'
      bytes = bytes.subarray(at + length)
    }
    return true
  }
}
