/** Opens the target bucket. If it is missing, it is created like the bucket of the source. */
import { isRefusal } from '#migrate/source/source.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ImportContext } from './context.ts'
import type { BucketNames } from './import-settings.ts'

export interface OpenBucket {
  readonly bucket: Bucket
  /** Only in a dry run: the bucket does not exist yet. */
  readonly isMissing: boolean
  /** The source has older versions and delete markers to import. */
  readonly hasVersions: boolean
}

export async function openBucket(context: ImportContext, names: BucketNames): Promise<OpenBucket> {
  const { store, newBucket, isDry, without } = context
  const versioning = without.has('versions') ? undefined : await read(context, names, 'versioning')
  const lock = without.has('locks') ? undefined : await read(context, names, 'object-lock')
  const hasVersions = versioning !== undefined && /<(?:\w+:)?Status>/.test(versioning)
  const isLocked = lock?.includes('>Enabled<') === true
  const found = await store.findBucket(names.to)
  const locked = { objectLockEnabled: true, versioning: 'Enabled' } as const
  const bucket = found ?? newBucket({ name: names.to, ...(isLocked && locked) })
  if (isDry) return { bucket, isMissing: found === undefined, hasVersions }
  if (found === undefined) await store.createBucket(bucket)
  else if (isLocked && !found.objectLockEnabled) await enableLock(context, names)
  return { bucket, isMissing: false, hasVersions }
}

async function read(
  { source, report }: ImportContext,
  { from }: BucketNames,
  setting: 'versioning' | 'object-lock',
): Promise<string | undefined> {
  const answer = await source.setting(from, setting)
  if (!isRefusal(answer)) return answer?.toString()
  if (!answer.isUnserved) report.note(`the bucket setting ${setting} could not be read (${answer.reason})`, from)
  return undefined
}

/** Without the default retention: it must not apply to imported objects. */
async function enableLock({ putSetting, report }: ImportContext, { from, to }: BucketNames): Promise<void> {
  const versioning = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  const lock = '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>'
  try {
    await putSetting(to, 'versioning', Buffer.from(versioning))
    await putSetting(to, 'object-lock', Buffer.from(lock))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    report.note(`Object Lock could not be enabled (${error.code}: ${error.message})`, from)
  }
}
