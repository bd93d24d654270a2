/**
 * A zip archive that is created while it is read: stored, not compressed, of any size and number of entries. For each
 * entry only its record of about 100 bytes in the central directory is kept in memory.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 * Available packages keep an object of some kilobytes for each entry, or search all entries for each.
 */
import { crc32 } from 'node:zlib'

export interface ZipEntry {
  /** With `/` between folders; up to 65,535 bytes in UTF-8. */
  readonly path: string
  readonly modifiedAtMs: number
  readonly sizeBytes: number
  readonly content: Buffer | AsyncIterable<Buffer>
}

/** The record of an entry that was written. */
interface Written {
  readonly name: Buffer
  readonly entry: ZipEntry
  readonly crc: number
  readonly hasDescriptor: boolean
  readonly offset: number
}

/** The contents of entries are read in order. Rejects if one of them is shorter or longer than its size. */
export async function* writeZip(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Buffer> {
  const directory = new Directory()
  let offset = 0
  for await (const entry of entries) {
    const name = Buffer.from(entry.path)
    const { content, sizeBytes } = entry
    const start = offset
    let crc = 0
    const hasDescriptor = !Buffer.isBuffer(content)
    if (!hasDescriptor) crc = crc32(content)
    const head = localHeader({ name, entry, crc, hasDescriptor, offset })
    yield head
    let read = 0
    for await (const piece of hasDescriptor ? content : [content]) {
      if (hasDescriptor) crc = crc32(piece, crc)
      read += piece.length
      if (piece.length > 0) yield piece
    }
    if (read !== sizeBytes) throw new Error(`${entry.path} is ${read} bytes instead of ${sizeBytes}`)
    offset += head.length + read
    if (hasDescriptor) {
      const tail = descriptor(crc, sizeBytes)
      yield tail
      offset += tail.length
    }
    directory.add(directoryRecord({ name, entry, crc, hasDescriptor, offset: start }))
  }
  yield* directory.blocks()
  yield directoryEnd(directory.count, directory.sizeBytes, offset)
}

/** Records in large blocks, since a small buffer has more overhead than content. */
class Directory {
  readonly #blocks: Buffer[] = []
  #used = 0
  count = 0
  sizeBytes = 0

  add(record: Buffer): void {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#used + record.length <= last.length) {
      record.copy(last, this.#used)
      this.#used += record.length
    } else {
      if (last !== undefined) this.#blocks[this.#blocks.length - 1] = last.subarray(0, this.#used)
      const block = Buffer.allocUnsafeSlow(Math.max(blockBytes, record.length))
      this.#used = record.copy(block)
      this.#blocks.push(block)
    }
    this.count++
    this.sizeBytes += record.length
  }

  *blocks(): Iterable<Buffer> {
    for (const block of this.#blocks.slice(0, -1)) yield block
    const last = this.#blocks.at(-1)
    if (last !== undefined) yield last.subarray(0, this.#used)
  }
}

const blockBytes = 64 * 1024
const int32Max = 0xffffffff
const int16Max = 0xffff
/** Above this, a size or an offset goes into a ZIP64 field, and this value into its own. */
const isLarge = (value: number): boolean => value >= int32Max
const versionPlain = 20
const versionZip64 = 45
const madeOnUnix = 3 << 8
const nameIsUtf8 = 1 << 11
const descriptorFollows = 1 << 3

/** Part 4.3.7. If the checksum is not known yet, a descriptor follows the content. */
function localHeader({ name, entry, crc, hasDescriptor }: Written): Buffer {
  const { sizeBytes, modifiedAtMs } = entry
  const extra = isLarge(sizeBytes) ? zip64Extra([sizeBytes, sizeBytes]) : Buffer.alloc(0)
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  writeShared(head, 4, {
    sizeBytes,
    crc: hasDescriptor ? 0 : crc,
    hasDescriptor,
    modifiedAtMs,
    isZip64: extra.length > 0,
  })
  if (hasDescriptor && extra.length === 0) head.fill(0, 18, 26)
  head.writeUInt16LE(name.length, 26)
  head.writeUInt16LE(extra.length, 28)
  return Buffer.concat([head, name, extra])
}

/** Part 4.3.9. */
function descriptor(crc: number, sizeBytes: number): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x08074b50, 0)
  head.writeUInt32LE(crc, 4)
  const sizes = Buffer.alloc(8)
  sizes.writeUInt32LE(Math.min(sizeBytes, int32Max), 0)
  sizes.writeUInt32LE(Math.min(sizeBytes, int32Max), 4)
  return Buffer.concat([head, isLarge(sizeBytes) ? int64s([sizeBytes, sizeBytes]) : sizes])
}

/** Part 4.3.12. */
function directoryRecord({ name, entry, crc, hasDescriptor, offset }: Written): Buffer {
  const { sizeBytes, modifiedAtMs } = entry
  const large = [...(isLarge(sizeBytes) ? [sizeBytes, sizeBytes] : []), ...(isLarge(offset) ? [offset] : [])]
  const extra = large.length > 0 ? zip64Extra(large) : Buffer.alloc(0)
  const head = Buffer.alloc(46)
  head.writeUInt32LE(0x02014b50, 0)
  head.writeUInt16LE(madeOnUnix | versionZip64, 4)
  writeShared(head, 6, { sizeBytes, crc, hasDescriptor, modifiedAtMs, isZip64: extra.length > 0 })
  head.writeUInt16LE(name.length, 28)
  head.writeUInt16LE(extra.length, 30)
  head.writeUInt32LE((0o100644 << 16) >>> 0, 38)
  head.writeUInt32LE(Math.min(offset, int32Max), 42)
  return Buffer.concat([head, name, extra])
}

interface Shared {
  readonly sizeBytes: number
  readonly crc: number
  readonly hasDescriptor: boolean
  readonly modifiedAtMs: number
  readonly isZip64: boolean
}

/** The 22 bytes that a local header and a record of the directory have in common. */
function writeShared(head: Buffer, at: number, { sizeBytes, crc, hasDescriptor, modifiedAtMs, isZip64 }: Shared): void {
  head.writeUInt16LE(isZip64 ? versionZip64 : versionPlain, at)
  head.writeUInt16LE(nameIsUtf8 | (hasDescriptor ? descriptorFollows : 0), at + 2)
  head.writeUInt32LE(dosTime(modifiedAtMs), at + 6)
  head.writeUInt32LE(crc, at + 10)
  const size = Math.min(sizeBytes, int32Max)
  head.writeUInt32LE(size, at + 14)
  head.writeUInt32LE(size, at + 18)
}

/** Parts 4.3.14 to 4.3.16. */
function directoryEnd(count: number, sizeBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, int16Max), 8)
  end.writeUInt16LE(Math.min(count, int16Max), 10)
  end.writeUInt32LE(Math.min(sizeBytes, int32Max), 12)
  end.writeUInt32LE(Math.min(offset, int32Max), 16)
  if (count < int16Max && !isLarge(sizeBytes) && !isLarge(offset)) return end
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0x06064b50, 0)
  head.writeUInt32LE(44, 4)
  head.writeUInt16LE(madeOnUnix | versionZip64, 12)
  head.writeUInt16LE(versionZip64, 14)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.fill(int64s([offset + sizeBytes]), 8, 16)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([head, int64s([count, count, sizeBytes, offset]), locator, end])
}

/** Part 4.5.3. */
function zip64Extra(values: readonly number[]): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(1, 0)
  head.writeUInt16LE(values.length * 8, 2)
  return Buffer.concat([head, int64s(values)])
}

function int64s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8)
  return bytes
}

/** Exact to two seconds, from 1980 to 2107; in UTC, as the reader's zone is not known. */
function dosTime(atMs: number): number {
  const at = new Date(Math.min(Math.max(atMs, Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31, 23, 59, 58)))
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  return ((date << 16) | time) >>> 0
}
