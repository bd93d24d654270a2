/** The answer of a website to a path, with its steps. */
import { listing } from '#console/facts.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { pathDecode } from '#lib/text/uri.ts'
import { anonymous } from '#model/account.ts'
import {
  findRuleForError,
  findRuleForKey,
  indexedKey,
  type RoutingRule,
  type Website,
} from '#model/bucket/website/website.ts'
import {
  locationOfAll,
  locationOfFolder,
  locationOfRule,
  type VisitedAddress,
} from '#model/bucket/website/website-redirect.ts'
import type { ObjectVersion } from '#model/object/object.ts'

export interface PathAnswer {
  /** The mistake in the typed path. Then the other fields are empty. */
  readonly problem?: string
  readonly isGood: boolean
  /** `301`, `200`, `403`. */
  readonly status: number
  readonly summary: string
  readonly location?: string
}

const nothing = { isGood: false, status: 0, summary: '' }

export async function explainPath(
  visit: Visit,
  services: ConsoleServices,
  website: Website,
  { path: typed, url }: { readonly path: string; readonly url: string },
): Promise<PathAnswer> {
  const asked = addressOf(typed, url)
  if (asked === undefined) return { ...nothing, problem: 'The path cannot be decoded: write a percent sign as %25.' }
  if ('redirectAll' in website)
    return redirected(301, locationOfAll(website.redirectAll, asked), 'Every request is redirected.')
  const { indexSuffix, errorKey, rules } = website
  const rule = findRuleForKey(rules, asked.key)
  if (rule !== undefined) return byRule(rule, website, asked)
  const key = indexedKey(indexSuffix, asked.key)
  if (!visit.may('s3:ListBucket', { bucket: visit.bucket }, listing(key, 1))) {
    return { ...nothing, problem: `Only visitors who may list the bucket learn whether ${key} exists.` }
  }
  const found = await lookUp(visit, services, key)
  if (found === 'readable') return { isGood: true, status: 200, summary: `The object ${key} is sent.` }
  if (typeof found === 'object') return redirected(301, found.location, `The object ${key} redirects.`)
  const folder = indexedKey(indexSuffix, `${asked.key}/`)
  if (!/(^|\/)$/.test(asked.key) && (await lookUp(visit, services, folder)) === 'readable') {
    return redirected(302, locationOfFolder(asked), `The folder has an index document, ${folder}.`)
  }
  const why = found === 'missing' ? `There is no object ${key}.` : `Visitors may not read ${key}.`
  const mayList = services.gatekeeper.may(anonymous, 's3:ListBucket', { bucket: visit.bucket }, visit.facts)
  const status = found === 'missing' && mayList ? 404 : 403
  const second = findRuleForError(rules, asked.key, status)
  if (second !== undefined) return byRule(second, website, asked, why)
  const page = errorKey === undefined ? 'A page with the error is sent.' : `The error document is ${errorKey}.`
  return { isGood: false, status, summary: `${why} ${page}` }
}

function addressOf(typed: string, url: string): VisitedAddress | undefined {
  const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(typed) ?? []
  const rooted = path.startsWith('/') ? path : `/${path}`
  const { protocol, host } = new URL(url)
  try {
    const scheme = protocol === 'https:' ? 'https' : 'http'
    return { scheme, host, path: encodeURI(decodeURI(rooted)), query, key: pathDecode(rooted.slice(1)) }
  } catch {
    return undefined
  }
}

type Found = 'readable' | 'missing' | 'denied' | { readonly location: string }

/** The object as anonymous visitors get it. */
async function lookUp({ bucket, facts }: Visit, { store, gatekeeper }: ConsoleServices, key: string): Promise<Found> {
  const version: ObjectVersion | undefined = await store.findVersion(bucket.name, key, undefined)
  if (version === undefined || version.isDeleteMarker) return 'missing'
  if (!gatekeeper.may(anonymous, 's3:GetObject', { bucket, key, object: version }, facts)) return 'denied'
  const { websiteRedirectLocation: location } = version
  return location === undefined ? 'readable' : { location }
}

function byRule(
  rule: RoutingRule,
  { rules = [] }: Exclude<Website, { redirectAll: unknown }>,
  asked: VisitedAddress,
  why?: string,
): PathAnswer {
  const summary = `Rule ${rules.indexOf(rule) + 1} redirects.`
  const { code = 301 } = rule.redirect
  return redirected(code, locationOfRule(rule, asked), why === undefined ? summary : `${why} ${summary}`)
}

const redirected = (status: number, location: string, summary: string): PathAnswer => ({
  isGood: true,
  status,
  location,
  summary,
})
