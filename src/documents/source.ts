/**
 * Where a document is kept: a file (file-source.ts), a row of the index (row-source.ts), or the memory of a server that
 * forgets (memory-source.ts).
 */
export interface DocumentSource {
  /** How people call it: a path, or the document's name. */
  readonly place: string
  /** Makes what the source needs. False if there is no document yet. */
  open(): Promise<boolean>
  /** A text from where the document was kept before, for a first start; undefined if there is none. */
  inherited(): string | undefined
  /**
   * Changes with every write that this process knows of; '' if there is no document. Asked at every turn of the event
   * loop, so it must be cheap.
   */
  stamp(): string
  /** The text of this stamp. */
  read(): string
  /** Replaces the text at once. `onStamp` is called before others can see it, with the stamp that it will have. */
  replace(text: string, onStamp: (stamp: string) => void): Promise<void>
  /** Keeps a copy of the text under the document's name and `suffix`. */
  keepCopy(suffix: string): Promise<void>
  /** The last text that was valid, for processes that start while the document is not; undefined if there is none. */
  readLastGood(): string | undefined
  keepLastGood(text: string): void
  /**
   * Runs `work`, which reads the stamp first: what it replaces is the newest text, and the one of this stamp. A lock
   * that all processes share sees to it, or `work` runs again where another process was quicker.
   */
  exclusively<R>(work: () => Promise<R>): Promise<R>
  /** Calls `onChange` when another process or a person may have changed the document. */
  watch(onChange: () => void): { close(): Promise<void> }
}

export interface DocumentName {
  /** The same in every process, such as `iam.json`. */
  readonly name: string
  /** Its file, where it is kept in one. */
  readonly path: string
}

export type DocumentSources = (document: DocumentName) => DocumentSource
