/** Imports a bucket: creates it if missing, then imports its settings, then its objects, several at a time. */
import { eachConcurrently } from '#lib/async/each-concurrently.ts'
import { reasonOf } from '#migrate/source/refusal.ts'
import type { History } from '#migrate/source/source.ts'
import { isBucketName, isReservedName } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object/object.ts'
import type { ImportContext } from './context.ts'
import { type BucketNames, importFirstSettings, importLastSettings } from './import-settings.ts'
import { importVersion } from './import-version.ts'
import { type OpenBucket, openBucket } from './open-bucket.ts'
import { planHistory } from './plan-history.ts'
import { placeOf } from './report.ts'
import { knownVersions } from './top-of-key.ts'

export async function importBucket(context: ImportContext, names: BucketNames, prefix: string): Promise<void> {
  const { source, report, atOnceMax } = context
  const { from, to } = names
  if (!isBucketName(to) || isReservedName(to)) {
    return report.fail(from, `no bucket is named ${to} here; --into gives it another name`)
  }
  try {
    const opened = await openBucket(context, names)
    await importFirstSettings(context, names)
    const histories = source.histories(from, { prefix, withVersions: opened.hasVersions })
    await eachConcurrently(histories, atOnceMax, (history) => importHistory(context, names, opened, history))
    await importLastSettings(context, names)
  } catch (error) {
    report.fail(from, reasonOf(error))
  }
}

async function importHistory(
  context: ImportContext,
  { from }: BucketNames,
  { bucket: { name }, isMissing }: OpenBucket,
  { key, versions }: History,
): Promise<void> {
  const { store, report, isDry } = context
  const where = placeOf(from, { key })
  const refusal = refusalOf(key)
  if (refusal !== undefined) return report.fail(where, refusal)
  // Read again: its settings have been written since it was opened.
  const bucket = isMissing ? undefined : await store.getBucket(name)
  const known = bucket === undefined ? [] : await knownVersions(store, bucket, key)
  const { take, skipped, late } = planHistory(versions, known)
  report.skipped += skipped
  if (late > 0) report.note('versions left out, since what is here is newer', where)
  for (const version of take) {
    if (isDry || bucket === undefined) report.take(version.sizeBytes)
    // Newer versions must not be imported before older ones.
    else if ((await importVersion(context, { bucket, from, version })) === 'lost')
      return failRest(context, from, take, version)
  }
}

function failRest(
  { report }: ImportContext,
  from: string,
  take: History['versions'],
  failed: History['versions'][number],
) {
  for (const version of take.slice(take.indexOf(failed) + 1)) {
    report.fail(placeOf(from, version), 'an older version could not be taken, and the next run takes both')
  }
}

function refusalOf(key: string): string | undefined {
  try {
    assertKey(key)
    return key === '' ? 'the key is empty' : undefined
  } catch (error) {
    return error instanceof ApiError ? error.message : String(error)
  }
}
