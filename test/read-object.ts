import { buffer } from 'node:stream/consumers'
import type { Store } from '#store/contract.ts'

/** All bytes of an object, as stored. */
export async function readObject(store: Store, bucket: string, key: string, versionId?: string): Promise<Buffer> {
  const opened = await store.openObject(bucket, key, versionId)
  const content = opened.content(0, opened.version.sizeBytes)
  if (Buffer.isBuffer(content)) return content
  try {
    return await buffer(content.pieces())
  } finally {
    content.close()
  }
}
