/**
 * Watches a form for a boundary that is followed by what makes it none. The parser takes the part for ended there, and passes over what
 * comes next: a file would be stored without its rest.
 */
export class FormDelimiters {
  readonly #delimiter: Buffer
  /** As if a line had ended before, so that the first delimiter is found as the others are. */
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
