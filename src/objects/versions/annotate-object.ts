/** Annotations of a version: puts, deletes, and copies them. */
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { governed } from '#access/decide/objects/object-access.ts'
import { readBody } from '#http/read-body.ts'
import { digestOnce } from '#lib/digest/digest.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { type Annotation, assertAnnotationBody, assertAnnotationName } from '#model/object/annotation.ts'
import type { DataKeys, ObjectEncryption } from '#model/object/encryption.ts'
import type { ChecksumAlgorithm, ObjectVersion } from '#model/object/object.ts'
import type { Actor } from '#objects/actor.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import type { ObjectPlace } from '#objects/encryption/wrapping-keys.ts'
import { checksumToKeep, type NewBody, receiveBody } from '#objects/writes/new-body.ts'
import type { StagedAnnotation } from '#store/annotations/contract.ts'
import type { IncomingBody, Store } from '#store/contract.ts'
import { actOnVersion, type ObjectAddress } from './change-version.ts'
import { mayPassGovernance } from './lock-object.ts'

/** The actions of annotations have other names for versions. */
export const annotationAction = (verb: 'Put' | 'Get' | 'Delete', versionId: string | undefined): string =>
  `s3:${verb}Object${versionId === undefined ? '' : 'Version'}Annotation`

export interface AnnotationAddress extends ObjectAddress {
  readonly name: string
  /** The ETag that the object must have. */
  readonly objectIfMatch?: string | undefined
  /** The version of the request. The edge has authorized annotating it. */
  readonly judged: ObjectVersion
}

/** Replaces the annotation of this name. The object keeps its ETag and its time. */
export async function putAnnotation(
  store: Store,
  actor: Actor,
  { name, objectIfMatch, body, ...address }: AnnotationAddress & { readonly body: NewBody },
): Promise<{ readonly version: ObjectVersion; readonly annotation: Annotation }> {
  assertAnnotationName(name)
  const staged = await receiveBody(body, body.checksumAlgorithm, {
    stage: receiveAnnotation,
    discard: async () => undefined,
  })
  const checksum = checksumToKeep(staged, body.checksumAlgorithm)
  const bucket = address.bucket.name
  const question = { ...address, action: annotationAction('Put', address.versionId) }
  const { version, result } = await actOnVersion(store, actor, question, async (judged) => {
    const dataKeys = await keysOf(actor, address, judged)
    return store.putAnnotation({
      bucket,
      version: judged,
      name,
      staged,
      checksum,
      objectIfMatch,
      dataKeys,
      origin: actor,
    })
  })
  return { version, annotation: result }
}

/**
 * Undefined if there is none of this name. InvalidRequest for an object with a customer key; AccessDenied without
 * kms:Decrypt.
 */
export async function readAnnotation(
  store: Store,
  actor: Actor,
  { version, name, ...place }: ObjectPlace & { readonly version: ObjectVersion; readonly name: string },
): Promise<{ readonly annotation: Annotation; readonly bytes: Buffer } | undefined> {
  assertAnnotationName(name)
  return store.readAnnotation(version, name, await keysOf(actor, place, version))
}

/**
 * An annotation is encrypted like its object:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html
 */
async function keysOf(
  actor: Actor,
  { bucket, key }: ObjectPlace,
  version: ObjectVersion,
): Promise<DataKeys | undefined> {
  assertAnnotatable(version.encryption)
  return openKeys(actor, { bucket, key }, version, undefined)
}

/** InvalidRequest. */
export function assertAnnotatable(encryption: Pick<ObjectEncryption, 'method'> | undefined): void {
  if (encryption?.method !== 'SSE-C') return
  throw new ApiError('InvalidRequest', { message: 'Objects encrypted with SSE-C cannot have annotations.' })
}

/** EntityTooSmall, EntityTooLarge, UnsupportedMediaType, IncompleteBody. */
async function receiveAnnotation({ source, sizeBytes, algorithms }: IncomingBody): Promise<StagedAnnotation> {
  const maxBytes = limits.annotationBytes
  const tooLarge = () =>
    new ApiError('EntityTooLarge', {
      fields: { ...(sizeBytes !== undefined && { ProposedSize: sizeBytes }), MaxSizeAllowed: maxBytes },
    })
  if (sizeBytes !== undefined && sizeBytes > maxBytes) throw tooLarge()
  const bytes = await readBody(source, maxBytes).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'MaxMessageLengthExceeded' ? tooLarge() : error
  })
  if (sizeBytes !== undefined && bytes.length !== sizeBytes) throw new ApiError('IncompleteBody')
  assertAnnotationBody(bytes)
  const names = [...new Set<ChecksumAlgorithm>(['MD5', 'CRC64NVME', ...algorithms])]
  return { bytes, sizeBytes: bytes.length, digests: digestOnce(names, bytes) }
}

/** Also succeeds if there is none. */
export async function deleteAnnotation(
  store: Store,
  actor: Actor,
  { name, objectIfMatch, asksToPass, ...address }: AnnotationAddress & { readonly asksToPass: boolean },
): Promise<ObjectVersion> {
  assertAnnotationName(name)
  const passesGovernance = asksToPass && mayPassGovernance(actor, address)
  const bucket = address.bucket.name
  const question = { ...address, action: annotationAction('Delete', address.versionId) }
  const { version } = await actOnVersion(store, actor, question, (judged) =>
    store.deleteAnnotation({ bucket, version: judged, name, objectIfMatch, origin: actor, passesGovernance }),
  )
  return version
}

/** AccessDenied unless the actor may read the annotations of the source, if it has any, and put them on the copy. */
export function authorizeCarriedAnnotations(
  { principal, gatekeeper, facts }: Actor,
  source: ObjectAddress & { readonly version: ObjectVersion; readonly facts: RequestFacts },
  target: { readonly bucket: Bucket; readonly key: string },
): void {
  if (source.version.annotations === undefined) return
  const { bucket, key, version } = source
  const read = { bucket, key, object: governed(bucket, version) }
  gatekeeper.authorize(principal, annotationAction('Get', source.versionId), read, source.facts)
  gatekeeper.authorize(principal, annotationAction('Put', undefined), { ...target, object: null }, facts)
}
