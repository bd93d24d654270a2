/** Loads a folder into a store: each folder in it is a bucket, and each file below that an object. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { AppConfig } from '#config/config.ts'
import { mediaTypeOf } from '#lib/text/media-type.ts'
import { assertBucketName } from '#model/bucket/bucket.ts'
import type { Store } from '#store/contract.ts'
import { createBuckets } from './create-buckets.ts'

export interface SeedOptions {
  readonly config: AppConfig
  readonly ownerId: string
}

/** InvalidBucketName of a folder whose name no bucket can have. Files beside the folders are left out. */
export async function seedStore(store: Store, folder: string, { config, ownerId }: SeedOptions): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  for (const name of names) assertBucketName(name)
  await createBuckets(store, { ...config, buckets: names }, ownerId)
  for (const name of names) {
    for (const path of await listFiles(join(folder, name))) {
      const key = relative(join(folder, name), path).split(sep).join('/')
      await putFile(store, name, key, path)
    }
  }
}

/** Regular files only; symbolic links are not followed. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function putFile(store: Store, bucketName: string, key: string, path: string): Promise<void> {
  const bucket = await store.getBucket(bucketName)
  const { size: sizeBytes } = await stat(path)
  const staged = await store.stage({ source: createReadStream(path), sizeBytes, maxBytes: sizeBytes, algorithms: [] })
  const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
  const contentType = mediaTypeOf(key) ?? 'binary/octet-stream'
  await store.putObject({
    bucket,
    key,
    staged,
    attributes: { headers: { contentType }, userMetadata: {}, storageClass: 'STANDARD', ownerId: bucket.ownerId },
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value },
    conditions: {},
  })
}
