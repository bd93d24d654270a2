/** The file of a version, open for reading. A small file is read at once and closed. */
import fs from 'node:fs'
import { chmod, copyFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { ByteRange, Staged } from '#blobs/contract/incoming.ts'
import type { OpenBlob } from '#blobs/contract/open-blob.ts'
import { fileSource, sendStretch } from '#blobs/io/egress.ts'
import type { StretchCheck } from '#blobs/io/stretch-check.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { createDigester } from '#lib/digest/digest.ts'
import type { BlobRef } from '#metadata/blob-ref.ts'
import type { StoredVersion } from '#metadata/version-codec.ts'
import { limits } from '#model/limits.ts'
import { areBytesOf, assertSameDigests, checkOfStretch } from './checks/verify.ts'
import type { FilesContext } from './context.ts'
import { type OpenFile as FileDescriptor, findFileSafely, openFile, readWhole } from './io/file-operations.ts'
import { isFileOf, isPlain, placeOf } from './place/file-ref.ts'
import { findFileInside, isInside, openFileAside, openFileInside } from './place/inside.ts'

/** Opens the version's file at its place, or in `staging/` while it waits to be moved. */
export function openVersion(
  context: FilesContext,
  bucket: string,
  version: StoredVersion,
): OpenBlob | 'damaged' | undefined {
  const { layout } = context
  const { key, blob } = version
  const path = layout.place(bucket, key, placeOf(blob))
  const file = isPlain(blob) ? openFileInside(layout.bucket(bucket), path) : openFileAside(path)
  const opened = readSame(file, blob) ?? readSame(openFile(layout.staging(blob.id)), blob)
  if (opened === undefined) return undefined
  const { bytes, ctimeMs, fd } = opened
  if (bytes === undefined) return new OpenFile(context, bucket, version, fd, ctimeMs)
  return areBytesOf(context, version, bytes, ctimeMs) ? new OpenBytes(bytes) : 'damaged'
}

export function hasVersion(context: FilesContext, bucket: string, version: StoredVersion): boolean {
  if (isPlaced(context, bucket, version)) return true
  const staged = findFileSafely(context.layout.staging(version.blob.id))
  return staged !== undefined && isFileOf(staged, version.blob)
}

/** Whether the file is at the recorded place. */
export function isPlaced({ layout }: FilesContext, bucket: string, { key, blob }: StoredVersion): boolean {
  const path = layout.place(bucket, key, placeOf(blob))
  const there = isPlain(blob) ? findFileInside(layout.bucket(bucket), path) : findFileSafely(path)
  return there !== undefined && isFileOf(there, blob)
}

/** The recorded path of the file; undefined behind a symbolic link. */
export function findReachablePath(
  { layout }: Pick<FilesContext, 'layout'>,
  bucket: string,
  { key, blob }: StoredVersion,
): string | undefined {
  const path = layout.place(bucket, key, placeOf(blob))
  return !isPlain(blob) || isInside(layout.bucket(bucket), path) ? path : undefined
}

interface Opened {
  readonly bytes: Buffer | undefined
  readonly ctimeMs: number
  /** -1 if the file is closed. */
  readonly fd: number
}

/** Closes the file and returns undefined if it is another one. */
function readSame(file: FileDescriptor | undefined, blob: BlobRef): Opened | undefined {
  if (file === undefined) return undefined
  const { fd, signature, ctimeMs } = file
  if (!isFileOf(signature, blob)) {
    fs.closeSync(fd)
    return undefined
  }
  if (signature.sizeBytes > limits.inlineBytes) return { bytes: undefined, ctimeMs, fd }
  try {
    return { bytes: readWhole(fd, signature.sizeBytes), ctimeMs, fd: -1 }
  } finally {
    fs.closeSync(fd)
  }
}

const pieceBytes = 256 * 1024
const readFile = promisify(fs.read)

export class OpenFile implements OpenBlob {
  readonly #context: FilesContext
  readonly #bucket: string
  readonly #version: StoredVersion
  readonly #ctimeMs: number
  #fd: number

  constructor(context: FilesContext, bucket: string, version: StoredVersion, fd: number, ctimeMs: number) {
    this.#context = context
    this.#bucket = bucket
    this.#version = version
    this.#ctimeMs = ctimeMs
    this.#fd = fd
  }

  get sizeBytes(): number {
    return this.#version.blob.sizeBytes
  }

  bytes(): undefined {
    return undefined
  }

  async send({ start, end }: ByteRange, response: ServerResponse, writeHead?: () => void): Promise<void> {
    const stretch = { source: fileSource(this.#fd), start, end, check: this.#check(start, end) }
    await sendStretch(response, stretch, writeHead)
  }

  async *pieces({ start, end }: ByteRange): AsyncGenerator<Buffer> {
    const check = this.#check(start, end)
    const digester = check.canDigest ? createDigester(['CRC64NVME']) : undefined
    for (let position = start; position < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - position))
      const { bytesRead } = await readFile(this.#fd, buffer, 0, buffer.length, position)
      if (bytesRead === 0) throw new Error(`The file ends at ${position}, before the end of the requested range`)
      position += bytesRead
      digester?.update(buffer.subarray(0, bytesRead))
      if (position === end) check.assertSame(digester?.digest().get('CRC64NVME'))
      yield buffer.subarray(0, bytesRead)
    }
  }

  uncheckedStream({ start, end }: ByteRange): Readable {
    return readStretch({ fd: this.#fd, start, end })
  }

  async readInto(target: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await readFile(this.#fd, target, at, target.length - at, position + at)
      if (bytesRead === 0) throw new Error(`The file ends at ${position + at}, before the end of the requested range`)
      at += bytesRead
    }
  }

  assertCopied({ start, end }: ByteRange, digests: Staged['digests']): void {
    this.#check(start, end).assertSame(undefined)
    const isWhole = start === 0 && end === this.sizeBytes
    if (isWhole) assertSameDigests(this.#context, this.#bucket, this.#version, digests)
  }

  /**
   * Copies the bytes to a new file. Takes no time if the file system can share the blocks of both. False, and there is
   * no copy, on systems where an open file has no path.
   */
  async copyTo(path: string): Promise<boolean> {
    if (process.platform !== 'linux') return false
    // By the descriptor: the path may name another file by now.
    await copyFile(`/proc/self/fd/${this.#fd}`, path, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE)
    this.#check(0, this.sizeBytes).assertSame(undefined)
    // The copy has the mode of the source, which may be read-only.
    await chmod(path, 0o644)
    return true
  }

  close(): void {
    if (this.#fd === -1) return
    fs.close(this.#fd)
    this.#fd = -1
  }

  #check(start: number, end: number): StretchCheck {
    const stretch = { fd: this.#fd, start, end, ctimeMs: this.#ctimeMs }
    return checkOfStretch(this.#context, this.#bucket, this.#version, stretch)
  }
}

/**
 * `destroy` closes a descriptor even with `autoClose: false`. The owner would close it again, when the number may
 * belong to another file.
 */
const withoutClosing = {
  open: fs.open,
  read: fs.read,
  close: (_fd: number, done: (error: NodeJS.ErrnoException | null) => void) => done(null),
}

/** A stream of an open file. It never closes the descriptor, which belongs to the caller. */
export function readStretch(stretch: { fd: number; start: number; end: number }): Readable {
  return fs.createReadStream('', {
    fd: stretch.fd,
    start: stretch.start,
    end: stretch.end - 1,
    autoClose: false,
    fs: withoutClosing,
    highWaterMark: 1024 * 1024,
  })
}
