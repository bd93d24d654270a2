/** The website of a bucket: its editor, its URLs, and a test of paths. */
import { bucketHref } from '#console/address.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import { anonymous } from '#model/account.ts'
import type { Website } from '#model/bucket/website/website.ts'
import { limits } from '#model/limits.ts'
import { explainPath } from './explain-path.ts'
import { assertTyped, newRule, newWebsite, type TypedWebsite, typedIn, typedWebsite } from './website-form.ts'
import { websiteUrls } from './website-urls.ts'

export const showWebsite: Page = async (visit, services) => {
  const saved = await services.store.findSetting(visit.bucket, 'website')
  return websiteView(visit, services, saved, saved === undefined ? newWebsite : typedWebsite(saved))
}

/** `do`: save, add, or remove with the number of a rule. Only `save` changes anything. */
export const saveWebsite: Page = async (visit, services) => {
  const { bucket, form } = visit
  const typed = typedIn(form)
  const [action, number] = (form.get('do') ?? 'save').split(' ')
  const saved = await services.store.findSetting(bucket, 'website')
  const { rules } = typed
  if (action === 'add') return websiteView(visit, services, saved, { ...typed, rules: [...rules, newRule] })
  if (action === 'remove') {
    return websiteView(visit, services, saved, { ...typed, rules: rules.toSpliced(Number(number) - 1, 1) })
  }
  const checked = assertTyped(typed)
  if ('problem' in checked) return websiteView(visit, services, saved, typed, checked.problem)
  await services.store.putSetting(bucket.name, 'website', checked.website)
  return saidOf(bucket.name, 'Website saved')
}

export const removeWebsite: Page = async ({ bucket }, { store }) => {
  await store.putSetting(bucket.name, 'website', undefined)
  return saidOf(bucket.name, 'Website disabled')
}

const saidOf = (bucketName: string, text: string) =>
  ({ redirect: bucketHref(bucketName, 'website'), notice: { kind: 'done', text } }) as const

async function websiteView(
  visit: Visit,
  services: ConsoleServices,
  saved: Website | undefined,
  typed: TypedWebsite,
  problem?: string,
): Promise<View> {
  const { bucket, method, query } = visit
  const urls = websiteUrls(services.config, visit, bucket.name)
  const [url = 'http://localhost/'] = urls
  const path = query.get('path')?.trim()
  return {
    view: 'settings/website',
    title: `Website of ${bucket.name}`,
    place: 'buckets',
    status: problem === undefined ? 200 : 400,
    crumbs: settingsCrumbs(bucket.name, 'Static website hosting'),
    locals: {
      bucket,
      typed,
      problem,
      isSaved: saved !== undefined,
      isChanged: method === 'POST',
      rulesMax: limits.routingRulesMax,
      mayWrite: visit.may('s3:PutBucketWebsite', { bucket }),
      mayRemove: visit.may('s3:DeleteBucketWebsite', { bucket }),
      urls,
      warning: saved && warningOf(visit, services, saved),
      path,
      answer: saved && path !== undefined ? await explainPath(visit, services, saved, { path, url }) : undefined,
    },
  }
}

/** The reason why visitors get no page. */
function warningOf({ bucket, facts }: Visit, { gatekeeper }: ConsoleServices, website: Website): string | undefined {
  if ('redirectAll' in website) return undefined
  if (bucket.requesterPays) {
    return 'The bucket is a Requester Pays bucket, and visitors are anonymous: every page is answered with 403 Forbidden.'
  }
  const { indexSuffix: key } = website
  if (gatekeeper.may(anonymous, 's3:GetObject', { bucket, key, object: null }, facts)) return undefined
  return `The bucket is not public: not everyone may read ${key}, so visitors get 403 Forbidden. A bucket policy that allows s3:GetObject to everyone makes it public.`
}
