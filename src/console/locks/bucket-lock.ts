/** Object Lock of a bucket: enabling it, and the default for new versions. */
import { bucketHref } from '#console/address.ts'
import type { Page, View, Visit } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { withLockConfiguration } from '#model/bucket/object-lock.ts'
import { refusalOf } from '#model/errors.ts'
import type { DefaultRetention } from '#model/object/lock/lock.ts'
import type { Store } from '#store/contract.ts'
import { describeDefault } from './describe-lock.ts'
import { defaultIn, type TypedRetention, typedIn, typedRetention } from './lock-form.ts'

export const showBucketLock: Page = (visit, { store }) => {
  const { defaultRetention } = visit.bucket
  return lockView(visit, store, { typed: typedRetention(defaultRetention), shown: defaultRetention })
}

/** `do`: `save`, or `preview`, which changes nothing. */
export const saveBucketLock: Page = async (visit, { store }) => {
  const { bucket, form } = visit
  const typed = typedIn(form)
  try {
    const defaultRetention = defaultIn(typed)
    const change = (now: Bucket) => withLockConfiguration(now, { ...(defaultRetention && { defaultRetention }) })
    if (form.get('do') === 'preview') return lockView(visit, store, { typed, shown: defaultRetention })
    await store.updateBucket(bucket.name, change)
  } catch (error) {
    const problem = refusalOf(error).message
    return lockView(visit, store, { typed, shown: bucket.defaultRetention, problem })
  }
  const text = bucket.objectLockEnabled ? 'Object Lock saved' : 'Object Lock enabled'
  return { redirect: bucketHref(bucket.name, 'lock'), notice: { kind: 'done', text } }
}

interface Shown {
  readonly typed: TypedRetention
  readonly shown: DefaultRetention | undefined
  readonly problem?: string
}

async function lockView(visit: Visit, store: Store, { typed, shown, problem }: Shown): Promise<View> {
  const { bucket, method } = visit
  return {
    view: 'settings/object-lock',
    title: `Object Lock of ${bucket.name}`,
    place: 'buckets',
    status: problem === undefined ? 200 : 400,
    crumbs: settingsCrumbs(bucket.name, 'Object Lock'),
    locals: {
      bucket,
      typed,
      problem,
      isChanged: method === 'POST',
      mayWrite: visit.may('s3:PutBucketObjectLockConfiguration', { bucket }),
      sentences: describeDefault(shown, await store.timeMs()),
    },
  }
}
