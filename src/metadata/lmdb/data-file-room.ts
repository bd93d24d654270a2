/**
 * Room for what the next transactions add to LMDB's file. It must never find the volume full by itself: the text of that error is longer
 * than the memory that it is put into (lmdb 3.5, mdb_page_flush), and the process ends, now or later.
 */
import fs from 'node:fs'
import { type DiskReserve, isVolumeFull } from '#lib/files/disk-reserve.ts'
import { libc } from '#lib/system/libc.ts'
import { dataFile } from './meta.ts'

/** What transactions of deletes take until their pages can be used again. */
const neededBytes = 256 * 1024
/** Set apart at once where there is room. */
const aheadBytes = 4 * 1024 * 1024
/** Pages that one more entry may take, at the most. */
const entryBytes = 4 * 4096

export class DataFileRoom {
  readonly #fd: number
  readonly #reserve: DiskReserve | undefined
  /** Up to here the file system has set room apart. */
  #setApart = 0

  constructor(folder: string, reserve: DiskReserve | undefined) {
    this.#fd = fs.openSync(dataFile(folder), 'r+')
    this.#reserve = reserve
  }

  /** Before a transaction, or once its writes are known: then within it. Throws ENOSPC if there is no room. */
  ensure(entries = 0, sizeBytes = 0): void {
    const { size } = fs.fstatSync(this.#fd)
    const needed = neededBytes + entries * entryBytes + 2 * sizeBytes
    if (size + needed <= this.#setApart) return
    try {
      try {
        this.#allocate(size, needed + aheadBytes)
      } catch (error) {
        if (!isVolumeFull(error)) throw error
        // Not just what is needed, or the next transaction would ask again.
        const allocate = () => this.#allocate(size, 2 * needed)
        if (this.#reserve === undefined) allocate()
        else this.#reserve.withRoom(allocate)
      }
    } catch (error) {
      if (isVolumeFull(error)) throw error
      // Not all file systems can.
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
