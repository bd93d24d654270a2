/**
 * Who learns that a key is missing: whoever may list the bucket under that very key as a prefix, and nobody else.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions
 */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import type { Rights } from './gatekeeper.ts'
import type { Resource } from './resource.ts'

export interface AskedKey {
  readonly principal: Principal
  readonly bucket: NonNullable<Resource['bucket']>
  readonly key: string
  readonly facts: RequestFacts
}

/** What a failure to read is shown as. To those who may not list, AWS says that this is what they lack. */
export function hideMissingObject(error: unknown, asked: AskedKey, gatekeeper: Rights): unknown {
  if (!(error instanceof ApiError) || error.status < 400 || error.status >= 500 || mayList(asked, gatekeeper))
    return error
  const { principal, bucket } = asked
  try {
    gatekeeper.authorize(principal, 's3:ListBucket', { bucket }, listingFacts(asked))
    return new ApiError('AccessDenied')
  } catch (refusal) {
    return refusal
  }
}

export function mayList(asked: AskedKey, gatekeeper: Rights): boolean {
  return gatekeeper.may(asked.principal, 's3:ListBucket', { bucket: asked.bucket }, listingFacts(asked))
}

const listingFacts = ({ facts, key }: AskedKey): RequestFacts => ({
  ...facts,
  query: new Map<string, string>(),
  keys: { 's3:prefix': key },
})
