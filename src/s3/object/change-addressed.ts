import { type AskedObject, readAuthorized } from '#access/decide/object-access.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object.ts'
import type { S3Request, Services } from '#s3/operation.ts'
import { asMarkerRefusal } from './delete-marker.ts'
import { requestedVersion } from './requested-version.ts'

export interface AddressedChange {
  readonly action: string
  readonly facts: AskedObject['facts']
  /** The version addressed, where the caller's right to change it has been established already. */
  readonly judged?: ObjectVersion
  /** From the version that permission was given for, how to change what is stored; that gives undefined if the two have come apart. */
  readonly change: (judged: ObjectVersion) => (stored: ObjectVersion) => ObjectVersion | undefined
}

const attempts = 100

/**
 * Changes what is said of the version addressed. Permission may depend on what is there: where another request has changed that in the
 * meantime, or replaced the object, it is asked for anew. OperationAborted if there is no end to that.
 */
export async function changeAddressed(
  {
    method,
    bucket,
    key,
    caller,
    query,
    actor,
  }: Pick<S3Request, 'method' | 'bucket' | 'key' | 'caller' | 'query' | 'actor'>,
  services: Services,
  { action, facts, change, ...asked }: AddressedChange,
): Promise<ObjectVersion> {
  const { store } = services
  const versionId = requestedVersion({ query })
  const question = { principal: caller.principal, action, bucket, key, facts }
  const look = { versionOf: (version: ObjectVersion) => version, release: () => undefined }
  const read = () =>
    store.headObject(bucket.name, key, versionId).catch((error: unknown) => {
      throw asMarkerRefusal(method, error)
    })
  const judge = () => readAuthorized(services, question, read, look)
  let { judged } = asked
  for (let attempt = 0; attempt < attempts; attempt++) {
    judged ??= await judge()
    const changed = await store.changeVersion(bucket.name, judged, change(judged), actor)
    if (changed !== undefined) return changed
    judged = undefined
  }
  throw new ApiError('OperationAborted')
}
