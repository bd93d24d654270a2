import type { RequestFacts } from '#access/caller/request-facts.ts'
import { readAuthorized, versionRecord } from '#access/decide/objects/object-access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import type { Store, VersionEdit } from '#store/contract.ts'
import { asMarkerRefusal } from './delete-marker.ts'

/** Without a version id, the current version. */
export interface ObjectAddress {
  readonly bucket: Bucket
  readonly key: string
  readonly versionId?: string | undefined
}

/** The authorization of a change of a version. */
export interface VersionQuestion extends ObjectAddress {
  readonly action: string
  /** The tags that the version will have. */
  readonly objectTags?: RequestFacts['objectTags']
  /** The version, if the edge has already authorized the change. */
  readonly judged?: ObjectVersion
  /** Facts for the conditions, if they differ from those of the request. */
  readonly facts?: RequestFacts
}

export interface VersionChange extends VersionQuestion {
  /** If the change is not one of tags or an ACL. */
  readonly cause?: VersionEdit['cause']
  /** Whether the caller requested to bypass governance mode, and may do so. */
  readonly passesGovernance?: boolean
  /** Changes the stored version. Returns undefined if it is not `judged` any more, which was authorized. */
  readonly change: (judged: ObjectVersion) => VersionEdit['change']
}

const attempts = 100

/** Changes the record of a version. MethodNotAllowed on a delete marker; OperationAborted after too many attempts. */
export async function changeVersion(
  store: Store,
  actor: Actor,
  { change, cause, passesGovernance, ...question }: VersionChange,
): Promise<ObjectVersion> {
  const { result } = await actOnVersion(store, actor, question, (judged) =>
    store.changeVersion(question.bucket.name, judged, {
      change: change(judged),
      origin: actor,
      cause,
      passesGovernance,
    }),
  )
  return result
}

/**
 * The result of `act`, and the version that it acted on. Permission may depend on the version: if another request has
 * changed or replaced it, so that `act` returns undefined, the change is authorized again.
 */
export async function actOnVersion<Result>(
  store: Store,
  actor: Actor,
  { bucket, key, versionId, action, objectTags, judged, facts = actor.facts }: VersionQuestion,
  act: (judged: ObjectVersion) => Promise<Result | undefined>,
): Promise<{ readonly version: ObjectVersion; readonly result: Result }> {
  const { principal, gatekeeper } = actor
  const question = {
    principal,
    action,
    bucket,
    key,
    facts: objectTags === undefined ? facts : { ...facts, objectTags },
  }
  const read = () =>
    store.headObject(bucket.name, key, versionId).catch((error: unknown) => {
      throw asMarkerRefusal(facts.method, error)
    })
  let known = judged
  for (let attempt = 0; attempt < attempts; attempt++) {
    known ??= await readAuthorized({ store, gatekeeper }, question, read, versionRecord)
    const result = await act(known)
    if (result !== undefined) return { version: known, result }
    known = undefined
  }
  throw new ApiError('OperationAborted')
}
