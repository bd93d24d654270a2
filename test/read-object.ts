import { readSync } from 'node:fs'
import type { Store } from '#store/contract.ts'

/** All bytes of an object, as a store has them. */
export async function readObject(store: Store, bucket: string, key: string, versionId?: string): Promise<Buffer> {
  const opened = await store.openObject(bucket, key, versionId)
  const content = opened.content(0, opened.version.sizeBytes)
  if (Buffer.isBuffer(content)) return content
  const bytes = Buffer.alloc(opened.version.sizeBytes)
  readSync(content.fd, bytes, 0, bytes.length, 0)
  content.close()
  return bytes
}
