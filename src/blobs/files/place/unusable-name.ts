/** File names that cannot be keys. Such a file stays in place and is not an object, which is logged once. */
import fs from 'node:fs'
import { dirname } from 'node:path'
import type { FilesContext } from '#blobs/files/context.ts'
import { lstatSafely } from '#blobs/files/io/file-operations.ts'
import { limits } from '#model/limits.ts'

/** Node's replacement for bytes that are not UTF-8. */
const replacement = '\ufffd'

/** Whether a file found under this name can be an object. */
export function hasUsableName(context: FilesContext, bucket: string, key: string): boolean {
  if (key.length * 3 > limits.keyBytes && Buffer.byteLength(key) > limits.keyBytes) {
    tell(context, bucket, key, `a path is longer than a key may be (${limits.keyBytes} bytes); the file is not listed`)
    return false
  }
  if (!key.includes(replacement) || !isUndecodable(context.layout.plain(bucket, key))) return true
  tell(context, bucket, key, 'a name is not UTF-8; the file is not listed')
  return false
}

const tell = (context: FilesContext, bucket: string, key: string, message: string) =>
  context.troubles.tellOfFile('warn', undefined, { bucket, key }, message)

/** Whether no file has exactly this name, but one with other bytes reads as this name. */
function isUndecodable(path: string): boolean {
  try {
    if (lstatSafely(path) !== undefined) return false
    const names = fs.readdirSync(dirname(path), 'buffer')
    return names.some((name) => !Buffer.from(name.toString()).equals(name))
  } catch {
    return false
  }
}
