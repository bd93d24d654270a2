import type { RequestFacts } from '#access/caller/request-facts.ts'
import { readAuthorized, versionRecord } from '#access/decide/objects/object-access.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import type { Store, VersionEdit } from '#store/contract.ts'
import { asMarkerRefusal } from './delete-marker.ts'

/** Undefined version id: the current version. */
export interface ObjectAddress {
  readonly bucket: Bucket
  readonly key: string
  readonly versionId?: string | undefined
}

/** What is asked before a version is changed. */
export interface VersionQuestion extends ObjectAddress {
  readonly action: string
  /** Tags that the version will have. */
  readonly objectTags?: RequestFacts['objectTags']
  /** The version, where the edge has established the right to change it. */
  readonly judged?: ObjectVersion
  /** Facts of the request, where its own are not what conditions are to see. */
  readonly facts?: RequestFacts
}

export interface VersionChange extends VersionQuestion {
  /** If it is no change of tags or an ACL. */
  readonly cause?: VersionEdit['cause']
  /** Whether the caller asks to pass governance mode, and may. */
  readonly passesGovernance?: boolean
  /** Changes what is stored; gives undefined if that is no longer what permission was given for, `judged`. */
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
 * What `act` gives, and the version that it was done to. Permission may depend on the version: where another request has changed or replaced
 * it in the meantime, so that `act` gives undefined, permission is asked for anew.
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
