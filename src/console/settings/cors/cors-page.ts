/** The CORS rules of a bucket: their editor, and a test of requests. */
import { bucketHref } from '#console/address.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { settingsCrumbs } from '#console/settings/settings-crumbs.ts'
import { corsMethods } from '#model/bucket/cors.ts'
import { explainCors, type RequestForm, requestIn } from './explain-cors.ts'
import { assertTyped, newRule, type TypedRule, typedIn, typedRule } from './rule-form.ts'

export const showCors: Page = async (visit, services) => {
  const rules = await services.store.findSetting(visit.bucket, 'cors')
  return corsView(visit, services, (rules ?? []).map(typedRule), requestIn(visit.query))
}

/** `do`: save, add, or remove with the number of a rule. Only `save` changes anything. */
export const saveCors: Page = async (visit, services) => {
  const { bucket, form } = visit
  const typed = typedIn(form)
  const [action, number] = (form.get('do') ?? 'save').split(' ')
  if (action === 'add') return corsView(visit, services, [...typed, newRule])
  if (action === 'remove') return corsView(visit, services, typed.toSpliced(Number(number) - 1, 1))
  const checked = assertTyped(typed)
  if ('problem' in checked) return corsView(visit, services, typed, undefined, checked.problem)
  const { rules } = checked
  await services.store.putSetting(bucket.name, 'cors', rules.length === 0 ? undefined : rules)
  const text = rules.length === 0 ? 'CORS rules deleted' : 'CORS rules saved'
  return { redirect: bucketHref(bucket.name, 'cors'), notice: { kind: 'done', text } }
}

async function corsView(
  visit: Visit,
  { store, config, identities }: ConsoleServices,
  typed: readonly TypedRule[],
  asked?: RequestForm,
  problem?: string,
): Promise<View> {
  const { bucket, method } = visit
  const saved = await store.findSetting(bucket, 'cors')
  const server = { settings: config.cors, openKey: identities.findOpenKey() }
  return {
    view: 'settings/cors',
    title: `CORS of ${bucket.name}`,
    place: 'buckets',
    status: problem === undefined ? 200 : 400,
    crumbs: settingsCrumbs(bucket.name, 'CORS'),
    locals: {
      bucket,
      rules: typed,
      problem,
      methods: corsMethods,
      mayWrite: visit.may('s3:PutBucketCORS', { bucket }),
      isChanged: method === 'POST',
      savedCount: saved?.length ?? 0,
      serverOrigins: config.cors.origins,
      asked,
      answer: asked && explainCors(saved, asked, server),
    },
  }
}
