/**
 * `.myfsio.sys/locks/`: a copy of the record of each locked version, in a file. It is written with the version's file
 * and after each change of the record, and is read only if the index has lost the version.
 */
import fs from 'node:fs'
import { opendir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { LockRecord } from '#blobs/contract/inspection.ts'
import { removeFile } from '#blobs/files/io/file-operations.ts'
import type { Layout } from '#blobs/files/place/layout.ts'
import { hasCode } from '#lib/system/error-code.ts'
import { decodeVersion, encodeVersion, type StoredVersion } from '#metadata/version-codec.ts'

const schema = z.object({ bucket: z.string(), key: z.string(), record: z.base64() })

/**
 * Call inside an exclusive section of the index, for a version that is kept aside. A version that was locked keeps its
 * record here when the lock is removed, since its bytes stay aside as well.
 */
export function writeLockRecord(layout: Layout, bucket: string, version: StoredVersion): void {
  const { lock, blob } = version
  if (lock === undefined && blob.aside !== 'locked') {
    removeLockRecord(layout, bucket, blob.id)
    return
  }
  const path = layout.lockRecord(bucket, blob.id)
  const record = encodeVersion(version).toString('base64')
  const text = JSON.stringify({ bucket, key: version.key, record })
  fs.mkdirSync(dirname(path), { recursive: true })
  fs.writeFileSync(`${path}.new`, text, { mode: 0o600 })
  fs.renameSync(`${path}.new`, path)
}

/** Call when the version's own file is removed. */
export function removeLockRecord(layout: Layout, bucket: string, fileId: string): void {
  const path = layout.lockRecord(bucket, fileId)
  if (fs.existsSync(path)) removeFile(path, layout.system())
}

export async function* readLockRecords(layout: Layout): AsyncGenerator<LockRecord> {
  for await (const path of filesBelow(layout.system('locks'))) {
    const record = await readLockRecord(path)
    if (record !== undefined) yield record
  }
}

/** Undefined for an incomplete file, or a file of another release. */
async function readLockRecord(path: string): Promise<LockRecord | undefined> {
  try {
    const { bucket, key, record } = schema.parse(JSON.parse(await readFile(path, 'utf8')))
    return { bucket, version: decodeVersion(key, Buffer.from(record, 'base64')) }
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EIO')) throw error
    return undefined
  }
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) yield* filesBelow(path)
      else if (!entry.name.endsWith('.new')) yield path
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
