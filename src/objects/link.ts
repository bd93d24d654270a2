/** A presigned URL: signed now, and used later by a client without credentials. It can do no more than its signer. */
import { callerHeaders } from '#access/caller/caller-headers.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { authorizeOnObject } from '#access/decide/objects/object-access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { Store } from '#store/contract.ts'
import type { Actor } from './actor.ts'

const actions = { GET: 's3:GetObject', PUT: 's3:PutObject', DELETE: 's3:DeleteObject' } as const
export type LinkMethod = keyof typeof actions

export const isLinkMethod = (text: string): text is LinkMethod => Object.hasOwn(actions, text)

export interface Link {
  readonly method: LinkMethod
  readonly bucket: Bucket
  readonly key: string
}

/** AccessDenied unless the actor may do what the link does. Returns the question that was decided. */
export async function authorizeLink(
  store: Store,
  { principal, gatekeeper, facts }: Pick<Actor, 'principal' | 'gatekeeper' | 'facts'>,
  { method, bucket, key }: Link,
): Promise<{ readonly action: string; readonly facts: RequestFacts }> {
  const action = actions[method]
  const asked = factsOfLink(facts)
  await authorizeOnObject({ store, gatekeeper }, { principal, action, bucket, key, versionId: undefined, facts: asked })
  return { action, facts: asked }
}

/** A client that uses the link sends its signature in the query. */
function factsOfLink(facts: RequestFacts): RequestFacts {
  const signature = { version: 'AWS4-HMAC-SHA256', timestamp: undefined } as const
  return { ...facts, headers: callerHeaders(facts.headers), caller: { via: 'query', signature } }
}
