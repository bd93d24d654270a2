/**
 * Where a document is stored: a file (file-source.ts), a row of the index (row-source.ts), or the memory of a server
 * without files (memory-source.ts).
 */
export interface DocumentSource {
  /** The place in messages: a path, or the name of the document. */
  readonly place: string
  /** Prepares the source. Returns false if there is no document yet. */
  open(): Promise<boolean>
  /** The text from an earlier place of the document, for a first start; undefined if there is none. */
  inherited(): string | undefined
  /**
   * Changes with every write that this process knows of; '' if there is no document. It is called in every turn of the
   * event loop, so it must be cheap.
   */
  stamp(): string
  /** The text of this stamp. */
  read(): string
  /** Replaces the text atomically. `onStamp` gets the new stamp before others can see the text. */
  replace(text: string, onStamp: (stamp: string) => void): Promise<void>
  /** Keeps a copy of the text under the document's name and `suffix`. */
  keepCopy(suffix: string): Promise<void>
  /** The last valid text, for processes that start while the document is invalid; undefined if there is none. */
  readLastGood(): string | undefined
  keepLastGood(text: string): void
  /**
   * Runs `work`, which reads the stamp first and then replaces the text of this stamp, which is the newest. Either all
   * processes share a lock, or `work` runs again if another process was faster.
   */
  exclusively<R>(work: () => Promise<R>): Promise<R>
  /** Calls `onChange` when another process or a person may have changed the document. */
  watch(onChange: () => void): { close(): Promise<void> }
}

export interface DocumentName {
  /** Every process uses the same name, such as `iam.json`. */
  readonly name: string
  /** The path of its file, if it is in a file. */
  readonly path: string
}

export type DocumentSources = (document: DocumentName) => DocumentSource
