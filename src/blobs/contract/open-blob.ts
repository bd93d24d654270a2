import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { ByteRange, Staged } from './incoming.ts'

/** The bytes of one version. They stay as they were when it was opened until it is closed. */
export interface OpenBlob {
  readonly sizeBytes: number
  /** These bytes, if they are in memory and have been checked. Otherwise they are sent or streamed. */
  bytes(range: ByteRange): Buffer | undefined
  /**
   * Hands every byte to the client, and rejects if it goes away or the bytes are not those that were stored: then the connection is
   * destroyed before the last of them. `writeHead` is called before the first byte: if it never was, an error can still be answered. The
   * caller ends the response.
   */
  send(range: ByteRange, response: ServerResponse, writeHead?: () => void): Promise<void>
  /** Throws before the last piece if the bytes are not those that were stored. */
  pieces(range: ByteRange): AsyncIterable<Buffer>
  /** The same for a copy, which computes digests itself and asks `assertCopied` with them. Destroying it does not close the blob. */
  uncheckedStream(range: ByteRange): Readable
  /** Fills the target with the bytes from a position on, unchecked. Throws if there are not so many. */
  readInto(target: Uint8Array, position: number): Promise<void>
  /** InternalError if bytes with these digests are not what was stored, or were changed since the blob was opened. */
  assertCopied(range: ByteRange, digests: Staged['digests']): void
  /** May be called again. */
  close(): void
}
