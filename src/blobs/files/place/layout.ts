/**
 * Paths under STORAGE_ROOT. The only code that turns a key into a path, and that decides which keys can be plain files.
 */
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

  /** The folder in which one store creates its files: in a shared folder, processes would wait for each other. */
  stagingFolder(owner: string): string {
    return `${this.root}${sep}${systemFolder}${sep}staging${sep}${owner}`
  }

  /** A file's id begins with its owner. */
  staging(fileId: string): string {
    const ownerEnd = fileId.indexOf('-')
    return `${this.stagingFolder(ownerEnd === -1 ? fileId : fileId.slice(0, ownerEnd))}${sep}${fileId}`
  }

  /** The name of a staged file that may be moved only under the index's write lock. */
  taken(fileId: string): string {
    return `${this.staging(fileId)}.taken`
  }

  upload(uploadId: string): string {
    return this.system('uploads', uploadId)
  }

  /** The file with the parts of an upload at their offsets. */
  assembled(uploadId: string): string {
    return this.system('uploads', uploadId, 'data')
  }

  /** The file of a part that has no slot in the assembled file. */
  partFile(uploadId: string, name: string): string {
    return this.system('uploads', uploadId, name)
  }

  /** The copy of a locked version's record. */
  lockRecord(bucket: string, fileId: string): string {
    return this.system('locks', bucket, fileId.slice(-2), fileId)
  }

  place(bucket: string, key: string, place: Place): string {
    if (place.kind === 'plain') return this.plain(bucket, key)
    const folder = place.kind === 'opaque' ? 'opaque' : 'versions'
    return this.system(folder, bucket, place.id.slice(-2), place.id)
  }

  /** Only for keys for which `isPlainKey` is true: no segment of such a key can leave the bucket's folder. */
  plain(bucket: string, key: string): string {
    const path = sep === '/' ? key : key.replaceAll('/', sep)
    return `${this.root}${sep}${bucket}${sep}${path}`
  }
}

/** Matches a segment that is empty, `.` or `..`. */
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
