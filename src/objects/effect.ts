/**
 * What conditions of policies see of a write whose effect its request does not tell: the keys that a request to S3 with the same
 * effect would carry.
 */

import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { ObjectAttributes } from '#model/object/object.ts'
import type { WriteConditions } from '#store/contract.ts'

export function conditionKeys({ ifMatch, ifNoneMatch }: WriteConditions): ConditionKeys {
  return {
    ...(ifMatch === undefined ? {} : { 's3:if-match': ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { 's3:if-none-match': ifNoneMatch }),
  }
}

export interface CopyEffect {
  readonly source: { readonly bucket: { readonly name: string }; readonly key: string }
  readonly attributes: Pick<ObjectAttributes, 'storageClass' | 'websiteRedirectLocation'>
  readonly conditions: WriteConditions
  readonly replacesMetadata?: boolean
}

/** The keys of a request that writes what another object holds. */
export function copyKeys({ source, attributes, conditions, replacesMetadata = false }: CopyEffect): ConditionKeys {
  const { storageClass, websiteRedirectLocation } = attributes
  return {
    's3:x-amz-copy-source': `${source.bucket.name}/${source.key}`,
    ...(replacesMetadata && { 's3:x-amz-metadata-directive': 'REPLACE' }),
    ...(storageClass === 'STANDARD' ? {} : { 's3:x-amz-storage-class': storageClass }),
    ...(websiteRedirectLocation === undefined ? {} : { 's3:x-amz-website-redirect-location': websiteRedirectLocation }),
    ...conditionKeys(conditions),
  }
}

/** The facts of a request, without what its headers say that this write does not act on. */
export function factsOfEffect(
  { headers, ...facts }: RequestFacts,
  effect: Pick<RequestFacts, 'keys' | 'objectTags'>,
): RequestFacts {
  const kept = Object.entries(headers).filter(([name]) => isOfCaller(name))
  return { ...facts, headers: Object.fromEntries(kept), ...effect }
}

const isOfCaller = (name: string): boolean =>
  name === 'x-amz-content-sha256' || !(name.startsWith('x-amz-') || name.startsWith('if-'))
