/**
 * Only callers who may list the bucket, with the key as prefix, learn that a key is missing.
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

/** The error to show for a failed read. Callers who may not list get AccessDenied for s3:ListBucket, as from AWS. */
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
