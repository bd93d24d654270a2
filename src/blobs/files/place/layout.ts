/** Where files are under STORAGE_ROOT. The one place that turns a key into a path, and that decides which keys may be one. */
import { join, sep } from 'node:path'
import type { Place } from './file-ref.ts'

export const systemFolder = '.myfsio.sys'

export class Layout {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  bucket(bucket: string): string {
    return `${this.root}${sep}${bucket}`
  }

  system(...names: string[]): string {
    return join(this.root, systemFolder, ...names)
  }

  /** Where a process makes its files, in a folder of its own: in one for all they would wait for each other's turn. */
  stagingFolder(owner: string): string {
    return `${this.root}${sep}${systemFolder}${sep}staging${sep}${owner}`
  }

  /** A file's id begins with its owner. */
  staging(fileId: string): string {
    const ownerEnd = fileId.indexOf('-')
    return `${this.stagingFolder(ownerEnd === -1 ? fileId : fileId.slice(0, ownerEnd))}${sep}${fileId}`
  }

  /** A staged file that nobody but the holder of the index's write lock is to move. */
  taken(fileId: string): string {
    return `${this.staging(fileId)}.taken`
  }

  upload(uploadId: string): string {
    return this.system('uploads', uploadId)
  }

  /** The file in which the parts of an upload lie at their offsets. */
  assembled(uploadId: string): string {
    return this.system('uploads', uploadId, 'data')
  }

  /** A part that has no slot in it. */
  partFile(uploadId: string, name: string): string {
    return this.system('uploads', uploadId, name)
  }

  /** The record of a locked version, beside its bytes. */
  lockRecord(bucket: string, fileId: string): string {
    return this.system('locks', bucket, fileId.slice(-2), fileId)
  }

  place(bucket: string, key: string, place: Place): string {
    if (place.kind === 'plain') return this.plain(bucket, key)
    const folder = place.kind === 'opaque' ? 'opaque' : 'versions'
    return this.system(folder, bucket, place.id.slice(-2), place.id)
  }

  /** Only for keys of which `isPlainKey` is true: no segment of such a key can leave the bucket's folder. */
  plain(bucket: string, key: string): string {
    const path = sep === '/' ? key : key.replaceAll('/', sep)
    return `${this.root}${sep}${bucket}${sep}${path}`
  }
}

/** A segment that is empty, `.` or `..`. */
const noName = /(^|\/)\.{0,2}(\/|$)/
const windowsNames = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/** Whether the key, as a path, names one file inside the bucket's folder on this platform. */
export function isPlainKey(key: string, platform: NodeJS.Platform = process.platform): boolean {
  if (noName.test(key)) return false
  if (key.length * 3 <= 255 && platform !== 'win32') return true
  for (const segment of key.split('/')) {
    if (segment.length * 3 > 255 && Buffer.byteLength(segment) > 255) return false
    if (platform === 'win32' && (/[<>:"\\|?*\p{Cc}]|[. ]$/u.test(segment) || windowsNames.test(segment))) return false
  }
  return true
}
