/** The quota of a bucket: its usage, and the effect of another quota. */
import { bucketHref } from '#console/address.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import { authorizeForServer, mayForServer } from '#console/visit/servers-account.ts'
import { withQuota } from '#model/bucket/quota.ts'
import { fillsOf } from './fill.ts'
import { quotaIn, type TypedQuota, typedIn, typedQuota, units } from './quota-form.ts'

/** The right of the route `/_/quota`. */
const setting = 's3:PutStorageLensConfiguration'

export const maySetQuota = (visit: Visit, services: ConsoleServices): boolean => mayForServer(visit, services, setting)

export const showQuota: Page = (visit, services) => quotaView(visit, services, typedQuota(visit.bucket.quota))

/** `do`: save, or preview, which changes nothing. */
export const saveQuota: Page = async (visit, services) => {
  const { bucket, form } = visit
  authorizeForServer(visit, services, setting)
  const typed = typedIn(form)
  const read = quotaIn(typed)
  if ('problem' in read) return quotaView(visit, services, typed, read.problem)
  const { quota } = read
  if (form.get('do') === 'preview') return quotaView(visit, services, typed)
  await services.store.updateBucket(bucket.name, (current) => withQuota(current, quota))
  const text = quota === undefined ? 'Quota removed' : 'Quota saved'
  return { redirect: bucketHref(bucket.name, 'quota'), notice: { kind: 'done', text } }
}

async function quotaView(visit: Visit, services: ConsoleServices, typed: TypedQuota, problem?: string): Promise<View> {
  const { bucket, method } = visit
  const usage = await services.store.bucketUsage(bucket.name)
  const read = quotaIn(typed)
  return {
    view: 'settings/quota',
    title: `Quota of ${bucket.name}`,
    place: 'buckets',
    status: problem === undefined ? 200 : 400,
    crumbs: settingsCrumbs(bucket.name, 'Quota'),
    locals: {
      bucket,
      usage,
      typed,
      problem,
      units: Object.keys(units),
      saved: fillsOf(bucket.quota, usage),
      preview: method !== 'POST' || 'problem' in read ? undefined : fillsOf(read.quota, usage),
      mayWrite: maySetQuota(visit, services),
    },
  }
}
