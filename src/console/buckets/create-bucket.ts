import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import { assertBucketName } from '#model/bucket/bucket.ts'
import { accountRegional, assertNamespace, isAccountRegional } from '#model/bucket/bucket-namespace.ts'
import { regionOfBucket, signedRegionOf } from '#model/bucket/bucket-region.ts'
import { newBucket } from '#model/bucket/new-bucket.ts'
import { refusalOf } from '#model/errors.ts'
import { bucketsView } from './list-buckets.ts'
import { listVisibleBuckets } from './visible-buckets.ts'

export const createBucket: Page = async (visit, services) => {
  const name = visit.form.get('name')?.trim() ?? ''
  const lock = visit.form.get('lock') === 'on'
  const versioning = lock || visit.form.get('versioning') === 'on'
  const location = visit.form.get('region')?.trim() ?? ''
  const { region } = services.config
  // The name contains what an S3 client must send in a header.
  const isRegional = isAccountRegional(name)
  const keys = {
    ...(location !== '' && location !== region && { 's3:locationconstraint': location }),
    ...(isRegional && { 's3:x-amz-bucket-namespace': accountRegional }),
  }
  try {
    const place = { bucket: { name, ownerId: '' } }
    visit.authorize('s3:CreateBucket', place, { keys })
    for (const action of lock ? lockActions : []) visit.authorize(action, place)
    assertBucketName(name)
    const ownerId = visit.principal.canonicalId
    const chosen = regionOfBucket(location, services.config)
    const account = services.identities.findAccount(ownerId) ?? ''
    if (isRegional) assertNamespace(name, accountRegional, { account, region: signedRegionOf(chosen) })
    const named = {
      name,
      ownerId,
      region: chosen,
      createdAtMs: services.clock.nowMs(),
      ...(versioning && { versioning: 'Enabled' as const }),
      ...(lock && { objectLockEnabled: true }),
    }
    await services.store.createBucket(newBucket(named, services.config))
  } catch (error) {
    const refusal = refusalOf(error)
    const { summaries: shown, isCut } = await listVisibleBuckets(visit, services)
    const hasRegions = services.config.regions.length > 0
    const locals = { shown, total: shown.length, isCut, filter: '', sort: 'name', region, hasRegions, mayCreate: true }
    const problem = refusal.code === 'InvalidBucketName' ? nameRules : refusal.message
    return bucketsView({ ...locals, problem, typed: { name, versioning, lock, location } }, refusal.status)
  }
  return { redirect: bucketHref(name), notice: { kind: 'done', text: `Bucket ${name} created` } }
}

/** The permissions for Object Lock, in addition to that for creating the bucket. */
const lockActions = ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning']

export const nameRules =
  'A name has 3 to 63 lower-case letters, digits, dots and hyphens, starts and ends with a letter or digit, and is not an IP address.'
