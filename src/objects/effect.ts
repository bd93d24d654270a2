/**
 * The condition keys of a write with effects that its request does not name: those that an S3 request with the same
 * effect would have.
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

/** The condition keys of a request that writes the content of another object. */
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

/** The facts of a request, without the headers that this write ignores. */
export function factsOfEffect(
  { headers, ...facts }: RequestFacts,
  effect: Pick<RequestFacts, 'keys' | 'objectTags'>,
): RequestFacts {
  const kept = Object.entries(headers).filter(([name]) => isOfCaller(name))
  return { ...facts, headers: Object.fromEntries(kept), ...effect }
}

const isOfCaller = (name: string): boolean =>
  name === 'x-amz-content-sha256' || !(name.startsWith('x-amz-') || name.startsWith('if-'))
