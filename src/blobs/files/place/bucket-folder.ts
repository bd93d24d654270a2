/**
 * The folder of a bucket that is being deleted. Anything in it except empty folders belongs to the user, also what
 * cannot be an object, such as a link or a name that is not UTF-8. So names are bytes here.
 */
import type { Dirent } from 'node:fs'
import fs from 'node:fs/promises'
import type { FilesContext } from '#blobs/files/context.ts'
import { findFileSafely } from '#blobs/files/io/file-operations.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { rowsOf } from '#metadata/tables.ts'
import { isLink } from './inside.ts'

const slash = Buffer.from('/')

/** Whether there is anything except empty folders. Removes the files of recently deleted objects first. */
export async function hasForeignFiles(context: FilesContext, bucket: string): Promise<boolean> {
  const root = Buffer.from(context.layout.bucket(bucket))
  // Files behind a link do not belong to the bucket.
  if (isLink(context.layout.bucket(bucket))) return true
  for await (const path of filesBelow(root)) {
    const key = path.subarray(root.length + 1).toString()
    if ((await context.engine.scan(rowsOf('q', bucket, key), { limit: 1 })).length === 0) return true
    await context.settler.settleKey(bucket, key)
    if (findFileSafely(context.layout.plain(bucket, key)) !== undefined) return true
  }
  return false
}

/** False if a folder is not empty, or cannot be removed. */
export async function removeEmptyFolders(path: Buffer): Promise<boolean> {
  for (const { name, isFolder } of await entriesOf(path)) {
    if (!isFolder || !(await removeEmptyFolders(Buffer.concat([path, slash, name])))) return false
  }
  try {
    await fs.rmdir(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) return false
  }
  return true
}

async function* filesBelow(folder: Buffer): AsyncGenerator<Buffer> {
  for (const { name, isFolder } of await entriesOf(folder)) {
    const path = Buffer.concat([folder, slash, name])
    if (isFolder) yield* filesBelow(path)
    else yield path
  }
}

/** A folder that cannot be read counts as a file. */
async function entriesOf(folder: Buffer): Promise<{ name: Buffer; isFolder: boolean }[]> {
  let entries: Dirent<Buffer>[]
  try {
    entries = await fs.readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    return [{ name: Buffer.from('.'), isFolder: false }]
  }
  return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
}
