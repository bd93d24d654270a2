/**
 * The answer of a website to a visit, in the order of S3: redirect of all requests, rules by prefix, the object and its
 * redirect, the folder, rules by error, the error document.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
 */
import type { Bucket } from '#model/bucket/bucket.ts'
import {
  findRuleForError,
  findRuleForKey,
  indexedKey,
  type RoutingRule,
  type Website,
} from '#model/bucket/website/website.ts'
import { locationOfAll, locationOfFolder, locationOfRule } from '#model/bucket/website/website-redirect.ts'
import { ApiError, asApiError } from '#model/errors.ts'
import { type ErrorIds, errorHeaders, errorPage } from './error-page.ts'
import { type Domain, hasPage, readErrorDocument, readPage } from './read-page.ts'
import { type Answer, redirect, type Visit } from './visit.ts'

export interface Site {
  readonly bucket: Bucket
  readonly website: Website
}

type ServedWebsite = Exclude<Website, { redirectAll: unknown }>

/** NoSuchWebsiteConfiguration */
export async function getSite({ store }: Domain, bucket: Bucket): Promise<Site> {
  const website = await store.findSetting(bucket, 'website')
  if (website !== undefined) return { bucket, website }
  throw new ApiError('NoSuchWebsiteConfiguration', { fields: { BucketName: bucket.name } })
}

/** The answer, and the error that it reports. */
export interface Served {
  readonly answer: Answer
  readonly failure?: unknown
}

export async function servePage(
  domain: Domain,
  { bucket, website }: Site,
  visit: Visit,
  ids: ErrorIds,
): Promise<Served> {
  if ('redirectAll' in website) return { answer: redirect(locationOfAll(website.redirectAll, visit)) }
  const rule = findRuleForKey(website.rules, visit.key)
  if (rule !== undefined) return { answer: redirectByRule(rule, visit) }
  try {
    return { answer: await readPage(domain, visit, bucket, indexedKey(website.indexSuffix, visit.key)) }
  } catch (failure) {
    return { answer: await answerFailure(domain, { bucket, website }, visit, { failure, ids }), failure }
  }
}

async function answerFailure(
  domain: Domain,
  { bucket, website }: { readonly bucket: Bucket; readonly website: ServedWebsite },
  visit: Visit,
  { failure, ids }: { readonly failure: unknown; readonly ids: ErrorIds },
): Promise<Answer> {
  const error = asApiError(failure)
  const { status } = error
  if (status === 304) return { status, headers: error.headers }
  const { key } = visit
  const isHidden = error.code === 'NoSuchKey' || error.code === 'AccessDenied'
  if (isHidden && key !== '' && !key.endsWith('/')) {
    const isFolder = await hasPage(domain, visit, bucket, indexedKey(website.indexSuffix, `${key}/`))
    if (isFolder) return redirect(locationOfFolder(visit), 302)
  }
  const rule = findRuleForError(website.rules, key, status)
  if (rule !== undefined) return redirectByRule(rule, visit)
  const { errorKey } = website
  if (errorKey === undefined || status >= 500) return pageOf(error, ids)
  try {
    const document = await readErrorDocument(domain, visit, bucket, { key: errorKey, status })
    return document.status === status
      ? { ...document, headers: { ...errorHeaders(error), ...document.headers } }
      : document
  } catch (documentFailure) {
    return pageOf(error, ids, asApiError(documentFailure))
  }
}

const redirectByRule = (rule: RoutingRule, visit: Visit): Answer =>
  redirect(locationOfRule(rule, visit), rule.redirect.code)

export function pageOf(error: ApiError, ids: ErrorIds, documentError?: ApiError): Answer {
  const headers = { ...errorHeaders(error), 'content-type': 'text/html; charset=utf-8' }
  return { status: error.status, headers, body: errorPage(error, ids, documentError) }
}
