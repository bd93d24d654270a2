/** Loads a folder into a store: each subfolder becomes a bucket, and each file in it an object. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { ownActor } from '#app/own-actor.ts'
import type { AppConfig } from '#config/config.ts'
import type { Clock } from '#lib/clock.ts'
import { mediaTypeOf } from '#lib/text/media-type.ts'
import { assertBucketName } from '#model/bucket/bucket.ts'
import type { Actor } from '#objects/actor.ts'
import type { Encryption } from '#objects/encryption/encryption.ts'
import type { NewBody } from '#objects/writes/new-body.ts'
import type { NewObject } from '#objects/writes/new-object.ts'
import { putObject } from '#objects/writes/put-object.ts'
import type { Store } from '#store/contract.ts'
import { createBuckets } from './create-buckets.ts'

export interface SeedOptions {
  readonly config: AppConfig
  readonly ownerId: string
  /** Encrypts objects as the settings or the default encryption of the bucket say. */
  readonly encryption: Encryption
  readonly clock: Clock
}

/** Throws InvalidBucketName for a folder name that is no valid bucket name. Files beside the folders are ignored. */
export async function seedStore(
  store: Store,
  folder: string,
  { config, ownerId, encryption, clock }: SeedOptions,
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  for (const name of names) assertBucketName(name)
  await createBuckets(store, { config: { ...config, buckets: names }, ownerId, clock })
  const actor = ownActor(ownerId, encryption)
  for (const name of names) {
    const bucket = await store.getBucket(name)
    for (const path of await listFiles(join(folder, name))) {
      const key = relative(join(folder, name), path).split(sep).join('/')
      await putFile(store, actor, { bucket, key }, path)
    }
  }
}

/** Regular files only; symbolic links are not followed. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

async function putFile(store: Store, actor: Actor, object: Pick<NewObject, 'bucket' | 'key'>, path: string) {
  const contentType = mediaTypeOf(object.key) ?? 'binary/octet-stream'
  const { size: sizeBytes } = await stat(path)
  const open: NewBody['open'] = (algorithms) => ({
    source: createReadStream(path),
    sizeBytes,
    maxBytes: sizeBytes,
    algorithms,
  })
  const body = { sizeBytes, open }
  await putObject(store, actor, { object: { ...object, headers: { contentType } }, body, conditions: {} })
}
