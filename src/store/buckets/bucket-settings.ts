/** Settings of a bucket that have a row each. The bucket row contains their names. */
import type { MetadataEngine } from '#metadata/engine.ts'
import { decodeJson, encodeJson, rowKey } from '#metadata/tables.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { BucketSettings, SettingName } from '#model/bucket/bucket-settings.ts'
import { type StoreContext, transactDurably } from '#store/context.ts'
import { bucketIn } from './buckets.ts'

export async function findSetting<Name extends SettingName>(
  engine: MetadataEngine,
  bucket: Bucket,
  name: Name,
): Promise<BucketSettings[Name] | undefined> {
  if (!bucket.settings?.includes(name)) return undefined
  const row = await engine.get(rowKey('x', bucket.name, name))
  return row === undefined ? undefined : decodeJson<BucketSettings[Name]>(row)
}

/** Undefined removes the setting. */
export async function putSetting<Name extends SettingName>(
  context: StoreContext,
  bucketName: string,
  name: Name,
  value: BucketSettings[Name] | undefined,
): Promise<void> {
  await transactDurably(context, async (transaction) => {
    const { settings = [], ...bucket } = await bucketIn(transaction, bucketName)
    const others = settings.filter((one) => one !== name)
    const named = value === undefined ? others : [...others, name].sort()
    transaction.put(rowKey('b', bucketName), encodeJson(named.length === 0 ? bucket : { ...bucket, settings: named }))
    if (value === undefined) transaction.remove(rowKey('x', bucketName, name))
    else transaction.put(rowKey('x', bucketName, name), encodeJson(value))
  })
}
