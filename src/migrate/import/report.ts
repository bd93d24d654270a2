/** Report of an import: prints failures at once, and a summary of the rest at the end. */

interface Note {
  count: number
  readonly examples: string[]
}

const examplesMax = 3
const notesMax = 1000

export class ImportReport {
  objects = 0
  bytes = 0
  skipped = 0
  failed = 0
  readonly #notes = new Map<string, Note>()
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  take(sizeBytes: number): void {
    this.objects++
    this.bytes += sizeBytes
  }

  fail(where: string, reason: string): void {
    this.failed++
    this.#print(`failed ${where}: ${reason}`)
  }

  /** A difference to the source, or something that could not be imported. */
  note(what: string, where: string): void {
    const known = this.#notes.get(what)
    if (known === undefined && this.#notes.size >= notesMax) return
    const note = known ?? { count: 0, examples: [] }
    note.count++
    if (note.examples.length < examplesMax) note.examples.push(where)
    this.#notes.set(what, note)
  }

  notes(): string[] {
    return [...this.#notes].map(([what, { count, examples }]) => {
      const more = count > examples.length ? `, and ${count - examples.length} more` : ''
      return `${what}: ${examples.join(', ')}${more}`
    })
  }

  progress(): string {
    return `${this.objects} objects, ${this.bytes} bytes imported, ${this.skipped} there already, ${this.failed} failed`
  }

  summary(): string {
    return `${this.objects} objects, ${this.bytes} bytes imported, ${this.failed} failed`
  }
}

/** Bucket, key and version, for people. */
export const placeOf = (
  bucket: string,
  { key, versionId }: { readonly key: string; readonly versionId?: string | undefined },
) => `${bucket}/${key}${versionId === undefined || versionId === 'null' ? '' : ` (${versionId})`}`
