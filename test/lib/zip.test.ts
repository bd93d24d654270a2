/**
 * Archives as other programs read them: from the end, by the directory. Python's zipfile and Info-ZIP agree, also above
 * 4 GiB.
 */
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { expect, it } from 'vitest'
import { writeZip, type ZipEntry } from '#lib/files/zip.ts'

const modifiedAtMs = Date.UTC(2026, 10, 24, 19, 30, 2)

async function* each<T>(...values: T[]): AsyncIterable<T> {
  yield* values
}

it('writes what is whole at once, and what comes in pieces, with size, checksum and time of each', async () => {
  const pieces = each(Buffer.from('in '), Buffer.alloc(0), Buffer.from('pieces'))
  const zip = await buffer(
    writeZip(
      each<ZipEntry>(
        { path: 'größe/a.txt', modifiedAtMs, sizeBytes: 5, content: Buffer.from('whole') },
        { path: 'b.txt', modifiedAtMs, sizeBytes: 9, content: pieces },
        { path: 'empty', modifiedAtMs: 0, sizeBytes: 0, content: Buffer.alloc(0) },
      ),
    ),
  )
  expect(readZip(zip)).toEqual([
    { path: 'größe/a.txt', text: 'whole', crc: crc32('whole'), at: '2026-11-24 19:30:02' },
    { path: 'b.txt', text: 'in pieces', crc: crc32('in pieces'), at: '2026-11-24 19:30:02' },
    { path: 'empty', text: '', crc: 0, at: '1980-01-01 00:00:00' },
  ])
})

it('counts more entries than the old format can', async () => {
  async function* many(): AsyncIterable<ZipEntry> {
    for (let at = 0; at < 70_000; at++) {
      yield { path: `folder/${at}`, modifiedAtMs, sizeBytes: 1, content: Buffer.from('x') }
    }
  }
  const zip = await buffer(writeZip(many()))
  const end = zip.length - 22
  expect(zip.readUInt16LE(end + 10)).toBe(0xffff)
  const recordAt = Number(zip.readBigUInt64LE(end - 20 + 8))
  expect(zip.readUInt32LE(recordAt)).toBe(0x06064b50)
  expect(zip.readBigUInt64LE(recordAt + 32)).toBe(70_000n)
  expect(zip.readUInt32LE(Number(zip.readBigUInt64LE(recordAt + 48)))).toBe(0x02014b50)
})

it('ends with an error where a content is not as long as promised', async () => {
  for (const sizeBytes of [3, 5]) {
    const entry = { path: 'a', modifiedAtMs, sizeBytes, content: each(Buffer.from('four')) }
    await expect(buffer(writeZip(each(entry)))).rejects.toThrow(`a is 4 bytes instead of ${sizeBytes}`)
  }
})

function readZip(zip: Buffer) {
  const end = zip.length - 22
  expect(zip.readUInt32LE(end)).toBe(0x06054b50)
  let at = zip.readUInt32LE(end + 16)
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [sizeBytes, nameBytes, extraBytes] = [
      zip.readUInt32LE(at + 24),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
    ]
    const path = zip.toString('utf8', at + 46, at + 46 + nameBytes)
    const [time, date] = [zip.readUInt16LE(at + 12), zip.readUInt16LE(at + 14)]
    const parts = [1980 + (date >> 9), (date >> 5) & 15, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2]
    const [year, ...rest] = parts.map((part) => String(part).padStart(2, '0'))
    const crc = zip.readUInt32LE(at + 16)
    const localAt = zip.readUInt32LE(at + 42)
    const dataAt = localAt + 30 + zip.readUInt16LE(localAt + 26) + zip.readUInt16LE(localAt + 28)
    at += 46 + nameBytes + extraBytes
    const text = zip.toString('utf8', dataAt, dataAt + sizeBytes)
    return { path, text, crc, at: `${year}-${rest.slice(0, 2).join('-')} ${rest.slice(2).join(':')}` }
  })
}
