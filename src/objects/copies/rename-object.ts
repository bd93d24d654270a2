/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html, here in every bucket. */
import { authorizeOnObject, readAuthorized } from '#access/decide/objects/object-access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { assertKey, type ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { copyKeys, factsOfEffect } from '#objects/effect.ts'
import type { CustomerKey } from '#objects/encryption/customer-key.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import { choiceOf, wrapAll } from '#objects/encryption/seal.ts'
import type { Rewrap, Store, WriteConditions } from '#store/contract.ts'

export interface Rename {
  readonly bucket: Bucket
  readonly from: string
  readonly to: string
  /** Throws if the source is not the one that the client expects. */
  readonly check?: (source: ObjectVersion) => void
  /** Conditions on the object at the new key. */
  readonly conditions: WriteConditions
  /** For an object with SSE-C. */
  readonly customerKey?: CustomerKey | undefined
}

/**
 * Needs the permissions to delete and to read the source, and to write its content, including tags, at the new key.
 * Only the version that was checked is renamed.
 */
export async function renameObject(store: Store, actor: Actor, rename: Rename): Promise<ObjectVersion> {
  const { principal, gatekeeper, facts } = actor
  const { bucket, from, to, conditions } = rename
  const domain = { store, gatekeeper }
  assertKey(from)
  const ofSource = { principal, bucket, key: from, facts }
  await authorizeOnObject(domain, { ...ofSource, action: 's3:DeleteObject', versionId: undefined })
  const source = await readAuthorized(
    domain,
    { ...ofSource, action: 's3:GetObject' },
    () => store.headObject(bucket.name, from, undefined),
    { versionOf: (version) => version, release: () => undefined },
  )
  rename.check?.(source)
  const effect = {
    keys: copyKeys({ source: { bucket, key: from }, attributes: source, conditions }),
    objectTags: Object.entries(source.tags ?? {}),
  }
  const write = { principal, action: 's3:PutObject', bucket, key: to, facts: factsOfEffect(facts, effect) }
  await authorizeOnObject(domain, { ...write, versionId: undefined })
  const sourceConditions = { ifMatch: source.etag }
  const rewrap = await rewrapFor(actor, rename, source)
  return store.renameObject({ bucket, from, to, sourceConditions, conditions, rewrap, origin: actor })
}

/** Wrapped data keys are bound to the key of their object. */
async function rewrapFor(
  actor: Actor,
  { bucket, from, to, customerKey }: Rename,
  source: ObjectVersion,
): Promise<Rewrap | undefined> {
  const dataKeys = await openKeys(actor, { bucket, key: from }, source, customerKey)
  const { encryption } = source
  if (dataKeys === undefined || encryption === undefined) return undefined
  const place = { bucket, key: to }
  const choice = await choiceOf(actor, place, encryption, customerKey)
  return { from: encryption, to: await wrapAll(actor, place, choice, dataKeys) }
}
