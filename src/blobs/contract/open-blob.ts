import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { ByteRange, Staged } from './incoming.ts'

/** The bytes of one version. They stay the same from opening to closing. */
export interface OpenBlob {
  readonly sizeBytes: number
  /** These bytes, if they are in memory and verified. Otherwise use `send` or `pieces`. */
  bytes(range: ByteRange): Buffer | undefined
  /**
   * Sends every byte to the client. Rejects if the client disconnects or the bytes are not those that were stored; then
   * the connection is destroyed before the last byte. `writeHead` is called before the first byte. If it was not
   * called, an error can still be answered. The caller ends the response.
   */
  send(range: ByteRange, response: ServerResponse, writeHead?: () => void): Promise<void>
  /** Throws before the last piece if the bytes are not those that were stored. */
  pieces(range: ByteRange): AsyncIterable<Buffer>
  /**
   * For a copy, which computes digests itself and passes them to `assertCopied`. Destroying the stream does not close
   * the blob.
   */
  uncheckedStream(range: ByteRange): Readable
  /** Fills the target with the bytes from a position on, unverified. Throws if there are fewer. */
  readInto(target: Uint8Array, position: number): Promise<void>
  /**
   * InternalError if the digests are not those of the stored bytes, or the bytes were changed since the blob was
   * opened.
   */
  assertCopied(range: ByteRange, digests: Staged['digests']): void
  /** May be called more than once. */
  close(): void
}
