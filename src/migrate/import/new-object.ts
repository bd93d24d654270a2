/** Builds an imported version from what the source reports about it. */
import type { Description, SourceVersion } from '#migrate/source/source.ts'
import { isRefusal } from '#migrate/source/source.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Imported } from '#model/object/imported.ts'
import { type StorageClass, storageClasses } from '#model/object/object.ts'
import { isArchived } from '#model/object/storage-class.ts'
import type { NewObject } from '#objects/writes/new-object.ts'
import type { ImportContext } from './context.ts'
import { placeOf } from './report.ts'

export interface Task {
  readonly bucket: Bucket
  /** The name of the source bucket. */
  readonly from: string
  readonly version: SourceVersion
}

export const importedOf = ({ versionId, modifiedAtMs }: SourceVersion): Imported => ({
  modifiedAtMs,
  ...(versionId !== undefined && { isNull: versionId === 'null' }),
})

export async function newObjectOf(
  context: ImportContext,
  { bucket, from, version }: Task,
  description: Description,
): Promise<NewObject> {
  const { headers, userMetadata, websiteRedirectLocation, missingMetadata } = description
  const note = (what: string) => context.report.note(what, placeOf(from, version))
  if (missingMetadata > 0) note('user metadata that the source cannot send is missing')
  const tags = await tagsOf(context, { from, version }, description)
  const lock = lockOf(context, bucket, description, note)
  const encryption = encryptionOf(context, bucket, description, note)
  return {
    bucket,
    key: version.key,
    headers,
    userMetadata,
    storageClass: storageClassOf(description, note),
    ...(websiteRedirectLocation !== undefined && { websiteRedirectLocation }),
    ...(tags && Object.keys(tags).length > 0 && { tags }),
    ...(lock && { lock }),
    ...(encryption && { encryption }),
  }
}

function storageClassOf({ storageClass = 'STANDARD' }: Description, note: (what: string) => void): StorageClass {
  const known = storageClasses.find((one) => one === storageClass)
  if (known !== undefined && !isArchived({ storageClass: known })) return known
  note(`kept as STANDARD, since the storage class ${storageClass} is not kept here`)
  return 'STANDARD'
}

function lockOf(
  context: ImportContext,
  { objectLockEnabled }: Bucket,
  { lock }: Description,
  note: (what: string) => void,
) {
  if (lock === undefined || context.without.has('locks')) return undefined
  if (objectLockEnabled) return lock
  note('retention and legal hold are not kept, since the bucket here has no Object Lock')
  return undefined
}

/** Never less protected than at the source. Keys of another KMS cannot be imported. */
function encryptionOf(
  context: ImportContext,
  bucket: Bucket,
  { encryption }: Description,
  note: (what: string) => void,
): NewObject['encryption'] {
  if (encryption === undefined || context.without.has('encryption')) return undefined
  if (encryption === 'AES256') return { method: 'AES256' }
  const isSealed = bucket.encryption?.method !== undefined
  note(`encrypted with ${isSealed ? 'the bucket default' : 'AES256'} instead of ${encryption}: the source has its key`)
  return isSealed ? undefined : { method: 'AES256' }
}

/** Sources that report the number of tags. For 0 tags they are not asked. */
const tellsTagCount = new WeakSet<object>()
const hasNoTags = new WeakSet<object>()

async function tagsOf(
  { source, report, without }: ImportContext,
  { from, version }: Pick<Task, 'from' | 'version'>,
  { tagCount }: Description,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (tagCount !== undefined && tagCount > 0) tellsTagCount.add(source)
  if (hasNoTags.has(source) || without.has('tags') || (tagCount === undefined && tellsTagCount.has(source)))
    return undefined
  const answer = await source.tags(from, version)
  if (!isRefusal(answer)) return answer
  if (answer.isUnserved) {
    hasNoTags.add(source)
    report.note('the source has no tags of objects', from)
  } else report.note(`tags could not be read (${answer.reason})`, placeOf(from, version))
  return undefined
}
