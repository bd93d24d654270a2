import { bucketHref } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import { assertBucketName } from '#model/bucket/bucket.ts'
import { regionOfBucket } from '#model/bucket/bucket-region.ts'
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
  const keys = location === '' || location === region ? {} : { 's3:locationconstraint': location }
  try {
    const place = { bucket: { name, ownerId: '' } }
    visit.authorize('s3:CreateBucket', place, { keys })
    for (const action of lock ? lockActions : []) visit.authorize(action, place)
    assertBucketName(name)
    const named = {
      name,
      ownerId: visit.principal.canonicalId,
      region: regionOfBucket(location, services.config),
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

/** What Object Lock takes beside the right to create the bucket. */
const lockActions = ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning']

export const nameRules =
  'A name has 3 to 63 lower-case letters, digits, dots and hyphens, begins and ends with a letter or digit, and is no IP address.'
