/**
 * Only callers who may list the bucket, with the key as prefix, learn that a key does not exist.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions
 */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { Rights } from '#access/decide/gatekeeper.ts'
import type { Resource } from '#access/decide/resource.ts'
import type { Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import { decisionHeader } from '#model/served-request.ts'
import type { Store } from '#store/contract.ts'

export interface AskedKey {
  readonly principal: Principal
  readonly bucket: NonNullable<Resource['bucket']>
  readonly key: string
  readonly facts: RequestFacts
}

/** The error to show for a failed read. Callers who may not list get AccessDenied for s3:ListBucket, as on AWS. */
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

/** The error to show for a refused read. Callers who may list learn that the key does not exist, as on AWS. */
export async function tellMissingToListers(
  error: unknown,
  asked: AskedKey & { readonly versionId?: string | undefined },
  { gatekeeper, store }: { readonly gatekeeper: Rights; readonly store: Pick<Store, 'headObject'> },
): Promise<unknown> {
  const isDenied =
    error instanceof ApiError && error.code === 'AccessDenied' && error.headers[decisionHeader] !== undefined
  if (!isDenied || !mayList(asked, gatekeeper)) return error
  const missing = await store.headObject(asked.bucket.name, asked.key, asked.versionId).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return missing instanceof ApiError && missing.code === 'NoSuchKey' ? missing : error
}

export function mayList(asked: AskedKey, gatekeeper: Rights): boolean {
  return gatekeeper.may(asked.principal, 's3:ListBucket', { bucket: asked.bucket }, listingFacts(asked))
}

const listingFacts = ({ facts, key }: AskedKey): RequestFacts => ({
  ...facts,
  query: new Map<string, string>(),
  keys: { 's3:prefix': key },
})
