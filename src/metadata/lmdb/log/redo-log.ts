/**
 * The commits since the last checkpoint. With it a commit costs one write and one sync at the end of a file, instead of
 * LMDB's pages and meta pages all over its own file. Two files are used in turn: while one is written, the content of
 * the other is covered by a checkpoint. Neither is shortened or created again: overwriting existing blocks changes no
 * metadata of the file system.
 *
 * A record is one transaction: 8 bytes of checksum and length, the segment's nonce, then its writes. The last write
 * contains the position of the next record. The log ends where the nonce or the checksum is wrong. The nonce is random,
 * so bytes of an object or of an older segment cannot be mistaken for a record.
 */
import { randomFillSync } from 'node:crypto'
import fs from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { privateFileMode } from '#lib/files/private-files.ts'
import { datasync } from '#lib/files/sync.ts'
import type { Bytes } from '#metadata/engine.ts'

/**
 * The position of the next record. Kept in the index itself, under `positionKey`, so that each transaction has its own.
 */
export interface Position {
  readonly segment: number
  readonly offset: number
  /** Counts transactions, across checkpoints. */
  readonly sequence: number
  readonly nonce: Buffer
}

export interface Put {
  readonly key: Bytes
  /** Undefined if removed. */
  readonly value: Bytes | undefined
  /** The bytes that follow the value. */
  readonly rest?: readonly Bytes[] | undefined
}

/** Sorts before every row. */
export const positionKey = Buffer.from([0])

const nonceBytes = 16
const headBytes = 8 + nonceBytes
const positionBytes = 20 + nonceBytes
/** A file that has grown larger is shortened when it is used next. */
const keptBytes = 32 * 1024 * 1024
/**
 * Most records are built in a reused buffer: allocating and freeing 40 KiB for each would cost 1 % of a small write.
 */
const scratchMaxBytes = 256 * 1024

export function encodePosition({ segment, offset, sequence, nonce }: Position): Buffer {
  const bytes = Buffer.allocUnsafe(positionBytes)
  bytes.writeUInt32LE(segment, 0)
  bytes.writeDoubleLE(offset, 4)
  bytes.writeDoubleLE(sequence, 12)
  nonce.copy(bytes, 20)
  return bytes
}

export function decodePosition(value: Bytes | undefined): Position {
  if (value === undefined) return { segment: 0, offset: 0, sequence: 0, nonce: Buffer.alloc(nonceBytes) }
  const bytes = Buffer.from(value)
  const [segment, offset, sequence] = [bytes.readUInt32LE(0), bytes.readDoubleLE(4), bytes.readDoubleLE(12)]
  return { segment, offset, sequence, nonce: bytes.subarray(20) }
}

/** The beginning of the next segment. */
export function nextSegment({ segment, sequence }: Position): Position {
  return { segment: segment + 1, offset: 0, sequence: sequence + 1, nonce: randomFillSync(Buffer.alloc(nonceBytes)) }
}

export class RedoLog {
  readonly #files: readonly number[]
  readonly #datasync: (fd: number) => Promise<void>
  #scratch = Buffer.alloc(0)

  constructor(folder: string, sync = datasync) {
    this.#datasync = sync
    this.#files = ['log-0', 'log-1'].map((name) =>
      fs.openSync(join(folder, name), fs.constants.O_RDWR | fs.constants.O_CREAT, privateFileMode),
    )
  }

  /**
   * Writes a record and returns the position after it. `puts` must not contain that position: it is the record's last
   * write.
   */
  append(position: Position, puts: readonly Put[], next?: Position): Position {
    let sizeBytes = headBytes + sizeOf({ key: positionKey, value: position.nonce }) + positionBytes - nonceBytes
    for (const put of puts) sizeBytes += sizeOf(put)
    const { segment, offset, sequence, nonce } = position
    const after = next ?? { segment, offset: offset + sizeBytes, sequence: sequence + 1, nonce }
    const record = this.#recordOf(sizeBytes)
    record.writeUInt32LE(sizeBytes, 4)
    nonce.copy(record, 8)
    let end = headBytes
    for (const put of puts) end = write(record, end, put)
    write(record, end, { key: positionKey, value: encodePosition(after) })
    record.writeUInt32LE(crc32(record.subarray(4)), 0)
    this.#write(segment, record, offset)
    return after
  }

  /** Takes back a record if its transaction did not commit. */
  retract({ segment, offset }: Position): void {
    this.#write(segment, Buffer.alloc(headBytes), offset)
  }

  /** The writes of the record at this position; undefined at the end. */
  read({ segment, offset, nonce }: Position): Put[] | undefined {
    const head = this.#read(segment, offset, headBytes)
    if (head === undefined || !head.subarray(8).equals(nonce)) return undefined
    const record = this.#read(segment, offset, Math.max(head.readUInt32LE(4), headBytes))
    if (record === undefined || crc32(record.subarray(4)) !== record.readUInt32LE(0)) return undefined
    const puts: Put[] = []
    for (let at = headBytes; at < record.length; ) {
      const keyEnd = at + 8 + record.readUInt32LE(at)
      const valueBytes = record.readInt32LE(at + 4)
      const end = keyEnd + Math.max(valueBytes, 0)
      puts.push({
        key: record.subarray(at + 8, keyEnd),
        value: valueBytes < 0 ? undefined : record.subarray(keyEnd, end),
      })
      at = end
    }
    return puts
  }

  /** Resolves when everything appended to this segment so far is on disk. */
  sync(segment: number): Promise<void> {
    return this.#datasync(this.#fileOf(segment))
  }

  /** Called before the first record of a segment. */
  trim(segment: number): void {
    const file = this.#fileOf(segment)
    if (fs.fstatSync(file).size > keptBytes) fs.ftruncateSync(file, keptBytes)
  }

  close(): void {
    for (const file of this.#files) fs.closeSync(file)
  }

  /** The buffer is written at once and not used afterwards. */
  #recordOf(sizeBytes: number): Buffer {
    if (sizeBytes > scratchMaxBytes) return Buffer.allocUnsafe(sizeBytes)
    if (sizeBytes > this.#scratch.length)
      this.#scratch = Buffer.allocUnsafeSlow(Math.min(2 * sizeBytes, scratchMaxBytes))
    return this.#scratch.subarray(0, sizeBytes)
  }

  #fileOf(segment: number): number {
    return this.#files[segment % 2] as number
  }

  #write(segment: number, bytes: Buffer, offset: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(this.#fileOf(segment), bytes, done, bytes.length - done, offset + done)
    }
  }

  #read(segment: number, offset: number, sizeBytes: number): Buffer | undefined {
    const file = this.#fileOf(segment)
    if (offset + sizeBytes > fs.fstatSync(file).size) return undefined
    const bytes = Buffer.allocUnsafe(sizeBytes)
    for (let done = 0; done < sizeBytes; ) {
      const read = fs.readSync(file, bytes, done, sizeBytes - done, offset + done)
      if (read === 0) return undefined
      done += read
    }
    return bytes
  }
}

function sizeOf({ key, value, rest }: Put): number {
  let sizeBytes = 8 + key.byteLength + (value?.byteLength ?? 0)
  if (rest !== undefined) for (const bytes of rest) sizeBytes += bytes.byteLength
  return sizeBytes
}

function write(record: Buffer, at: number, put: Put): number {
  const { key, value, rest } = put
  const valueAt = at + 8 + key.byteLength
  const end = at + sizeOf(put)
  record.writeUInt32LE(key.byteLength, at)
  record.writeInt32LE(value === undefined ? -1 : end - valueAt, at + 4)
  record.set(key, at + 8)
  if (value === undefined) return end
  record.set(value, valueAt)
  let restAt = valueAt + value.byteLength
  for (const bytes of rest ?? []) {
    record.set(bytes, restAt)
    restAt += bytes.byteLength
  }
  return end
}
