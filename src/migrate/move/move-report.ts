/** The progress of a move. */
export class MoveReport {
  objects = 0
  bytes = 0
  skipped = 0
  failed = 0
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  fail(where: string, reason: string): void {
    this.failed++
    this.#print(`failed ${where}: ${reason}`)
  }

  progress(): string {
    return `${this.objects} objects, ${this.bytes} bytes moved, ${this.skipped} there already, ${this.failed} failed`
  }

  summary(): string {
    return `${this.objects} objects, ${this.bytes} bytes moved, ${this.failed} failed`
  }
}
