/** Where a document is kept: a file (file-source.ts), or the memory of a server that forgets (memory-source.ts). */
export interface DocumentSource {
  /** Makes what the source needs. False if there is no document yet. */
  open(): Promise<boolean>
  /** Changes with every write; '' if there is no document. Asked at every turn of the event loop, so it must be cheap. */
  stamp(): string
  read(): string
  /** Replaces the text at once. `onStamp` is called before others can see it, with the stamp that it will have. */
  replace(text: string, onStamp: (stamp: string) => void): Promise<void>
  /** Keeps a copy of the text under the document's name and `suffix`. */
  keepCopy(suffix: string): Promise<void>
  /** The last text that was valid, for processes that start while the document is not; undefined if there is none. */
  readLastGood(): string | undefined
  keepLastGood(text: string): void
  /** Runs `work` under a lock that all processes share. */
  exclusively<R>(work: () => Promise<R>): Promise<R>
  /** Calls `onChange` when another process or a person may have changed the document. */
  watch(onChange: () => void): { close(): Promise<void> }
}

/** `path` is the document's name where it is no file. */
export type DocumentSources = (path: string) => DocumentSource
