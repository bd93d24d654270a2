/**
 * Imports a multipart upload in the same parts, so that its ETag and checksum stay the same. After an interrupted run,
 * the upload continues.
 */
import type { Description, SourceParts } from '#migrate/source/source.ts'
import { ApiError } from '#model/errors.ts'
import type { AnnotationSet } from '#model/object/annotation-set.ts'
import { checksumTypeFor, etagOfParts } from '#model/object/multipart/multipart.ts'
import type { Upload, UploadedPart } from '#model/object/multipart/upload.ts'
import { openUploadKeys } from '#objects/encryption/open-keys.ts'
import { createUpload } from '#objects/writes/create-upload.ts'
import { putPart } from '#objects/writes/put-part.ts'
import { annotationsOf } from './annotations.ts'
import type { ImportContext } from './context.ts'
import { bodyOf } from './import-whole.ts'
import { importedOf, newObjectOf, type Task } from './new-object.ts'
import { type PartPlan, pieceAt, planParts } from './part-plan.ts'
import { placeOf } from './report.ts'
import { conditionsOn } from './top-of-key.ts'

/** Returns false if it cannot be imported in these parts. Nothing was imported then. */
export async function importParts(context: ImportContext, task: Task): Promise<boolean> {
  const { from, version } = task
  const told = await context.source.describeParts(from, version)
  const plan = planParts({ ...version, ...told })
  if (plan === undefined) return false
  const conditions = await conditionsOn(context.store, task.bucket, version.key)
  const upload = (await findUpload(context, task)) ?? (await beginUpload(context, task, told))
  const parts = await takeParts(context, task, upload, plan)
  try {
    await complete(context, task, { upload, plan, parts, conditions, description: told.description })
    return true
  } catch (error) {
    const isTooSmall = error instanceof ApiError && error.code === 'EntityTooSmall'
    const isLost = error instanceof ApiError && ['BadDigest', 'PreconditionFailed'].includes(error.code)
    if (isTooSmall || isLost) await context.store.abortUpload(upload.bucket, upload.key, upload.uploadId)
    if (isTooSmall) return false
    throw error
  }
}

/** Aborts uploads of other contents that an earlier run has begun. */
async function findUpload({ store }: ImportContext, { bucket, version }: Task): Promise<Upload | undefined> {
  const { key, etag } = version
  const query = { bucket: bucket.name, prefix: key, delimiter: '', limit: 1000, keyMarker: '', uploadIdMarker: '' }
  const { uploads } = await store.listUploads(query)
  const begun = uploads.filter((upload) => upload.key === key && upload.importOf !== undefined)
  const found = begun.find(({ importOf }) => importOf === etag)
  for (const upload of begun) if (upload !== found) await store.abortUpload(bucket.name, key, upload.uploadId)
  return found
}

async function beginUpload(context: ImportContext, task: Task, { description }: SourceParts): Promise<Upload> {
  const object = await newObjectOf(context, task, description)
  return createUpload(context.store, context.actor, {
    object,
    importOf: task.version.etag,
    ...declared(description),
  })
}

/** The checksum that an upload declares. Empty if no upload can have the checksum of the source. */
function declared({ checksum }: Description): Pick<Upload, 'checksumAlgorithm' | 'checksumType'> {
  if (checksum === undefined) return {}
  try {
    const { algorithm, type } = checksum
    return { checksumAlgorithm: algorithm, checksumType: checksumTypeFor(algorithm, type) }
  } catch {
    return {}
  }
}

async function takeParts(
  { source, store, actor }: ImportContext,
  { bucket, from, version }: Task,
  upload: Upload,
  plan: PartPlan,
): Promise<UploadedPart[]> {
  const { parts: begun } = await store.listParts(upload, 0, plan.count)
  const there = new Map(begun.map((part) => [part.partNumber, part]))
  const parts: UploadedPart[] = []
  for (let partNumber = 1; partNumber <= plan.count; partNumber++) {
    let part = there.get(partNumber)
    if (part === undefined) {
      const opened = await source.openPart(from, version, pieceAt(plan, partNumber, version.sizeBytes))
      try {
        const body = bodyOf(
          { ...opened, description: { ...opened.description, checksum: undefined } },
          upload.checksumAlgorithm,
        )
        part = await putPart(store, actor, { bucket, upload, partNumber, body })
      } finally {
        opened.body.destroy()
      }
    }
    parts.push(part)
  }
  return parts
}

interface Completion {
  readonly upload: Upload
  readonly plan: PartPlan
  readonly parts: readonly UploadedPart[]
  readonly conditions: Awaited<ReturnType<typeof conditionsOn>>
  readonly description: Description
}

async function complete(context: ImportContext, task: Task, completion: Completion): Promise<void> {
  const { store, actor, report } = context
  const { bucket, from, version } = task
  const { upload, plan, parts, conditions, description } = completion
  const isSame = etagOfParts(parts.map(({ etag }) => Buffer.from(etag, 'hex'))) === version.etag
  const { checksum } = description
  // Guessed parts give another composite checksum, which proves nothing about the bytes.
  const isChecked = checksum?.type === 'FULL_OBJECT' || plan.kind === 'parts' || isSame
  const annotations = await takeAnnotations(context, task, upload)
  const written = await store
    .completeUpload({
      bucket,
      key: upload.key,
      uploadId: upload.uploadId,
      parts: parts.map((part) => ({
        partNumber: part.partNumber,
        etag: part.etag,
        checksums: part.checksum === undefined ? {} : { [part.checksum.algorithm]: part.checksum.value },
      })),
      conditions,
      objectSizeBytes: version.sizeBytes,
      ...(checksum !== undefined && isChecked && upload.checksumAlgorithm !== undefined && { checksum }),
      origin: actor,
      imported: importedOf(version),
      annotations,
    })
    .catch((error: unknown) => {
      if (annotations !== undefined) store.discardAnnotations(annotations)
      throw error
    })
  if (written.etag !== version.etag) {
    report.note(
      'the ETag is another one, since the source does not tell its parts, or they are small',
      placeOf(from, version),
    )
  }
}

async function takeAnnotations(context: ImportContext, task: Task, upload: Upload): Promise<AnnotationSet | undefined> {
  const annotations = await annotationsOf(context, task)
  if (annotations === undefined) return undefined
  const place = { bucket: task.bucket, key: upload.key }
  const dataKeys = await openUploadKeys(context.actor, place, upload, undefined)
  const { encryption } = upload
  return context.store.importAnnotations(annotations, dataKeys && encryption && { dataKeys, encryption })
}
