/**
 * Opens the version to copy, for copies and parts alike: checks the permission to read it, its existence and its state.
 */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { readAuthorized } from '#access/decide/objects/object-access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey, type ObjectVersion } from '#model/object/object.ts'
import { assertActive } from '#model/object/storage-class.ts'
import type { Actor } from '#objects/actor.ts'
import type { CustomerKey } from '#objects/encryption/customer-key.ts'
import { unseal } from '#objects/encryption/open-keys.ts'
import type { OpenObject, Store } from '#store/contract.ts'

export interface CopySource {
  readonly bucket: Bucket
  readonly key: string
  /** The current version if undefined. */
  readonly versionId?: string | undefined
  /** Throws if the version is not the one that the client expects. */
  readonly check?: (version: ObjectVersion) => void
  /** For an object with SSE-C. */
  readonly customerKey?: CustomerKey | undefined
}

/**
 * AccessDenied; NoSuchKey, NoSuchVersion; InvalidRequest for a delete marker, InvalidObjectState for an archived
 * object.
 */
export async function openSource(store: Store, actor: Actor, source: CopySource): Promise<OpenObject> {
  const { principal, gatekeeper, facts } = actor
  const { bucket, key, versionId } = source
  assertKey(key)
  const opened = await readAuthorized(
    { store, gatekeeper },
    {
      principal,
      action: versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
      bucket,
      key,
      facts: factsOfSource(facts, versionId),
    },
    () => store.openObject(bucket.name, key, versionId).catch(refuseMarker),
    { versionOf: ({ version }) => version, release: (found) => found.close() },
  )
  try {
    source.check?.(opened.version)
    assertActive(opened.version, 'copy')
    await unseal(actor, source, opened, source.customerKey)
    return opened
  } catch (error) {
    opened.close()
    throw error
  }
}

/** The version in the conditions is the source's, not the request's. */
export function factsOfSource(facts: RequestFacts, versionId: string | undefined): RequestFacts {
  return { ...facts, keys: versionId === undefined ? {} : { 's3:versionid': versionId } }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, x-amz-copy-source */
function refuseMarker(error: unknown): never {
  if (!(error instanceof ApiError) || error.code !== 'MethodNotAllowed') throw error
  throw new ApiError('InvalidRequest', {
    message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
  })
}
