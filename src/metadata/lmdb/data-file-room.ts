/**
 * Reserves disk space for what the next transactions add to LMDB's file. LMDB must never find the volume full: the text
 * of that error is longer than its buffer (lmdb 3.5, mdb_page_flush), and the process crashes then or later.
 */
import fs from 'node:fs'
import { type DiskReserve, isVolumeFull } from '#lib/files/disk-reserve.ts'
import { libc } from '#lib/system/libc.ts'
import { dataFile } from './meta.ts'

/** The space that transactions of deletes need until their pages can be reused. */
const neededBytes = 256 * 1024
/** Reserved at once if there is space. */
const aheadBytes = 4 * 1024 * 1024
/** The maximum of pages that one more entry takes. */
const entryBytes = 4 * 4096

export class DataFileRoom {
  readonly #fd: number
  readonly #reserve: DiskReserve | undefined
  /** The file system has reserved space up to this offset. */
  #setApart = 0

  constructor(folder: string, reserve: DiskReserve | undefined) {
    this.#fd = fs.openSync(dataFile(folder), 'r+')
    this.#reserve = reserve
  }

  /** Called before a transaction, or within it once its writes are known. Throws ENOSPC if there is no space. */
  ensure(entries = 0, sizeBytes = 0): void {
    const { size } = fs.fstatSync(this.#fd)
    const needed = neededBytes + entries * entryBytes + 2 * sizeBytes
    if (size + needed <= this.#setApart) return
    try {
      try {
        this.#allocate(size, needed + aheadBytes)
      } catch (error) {
        if (!isVolumeFull(error)) throw error
        // More than needed, or the next transaction would have to reserve again.
        const allocate = () => this.#allocate(size, 2 * needed)
        if (this.#reserve === undefined) allocate()
        else this.#reserve.withRoom(allocate)
      }
    } catch (error) {
      if (isVolumeFull(error)) throw error
      // Not all file systems support it.
      this.#setApart = Number.POSITIVE_INFINITY
    }
  }

  #allocate(offset: number, sizeBytes: number): void {
    libc.allocate(this.#fd, offset, sizeBytes)
    this.#setApart = offset + sizeBytes
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}
