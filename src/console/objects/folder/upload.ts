/** Uploads from the browser: small files at once, large ones in parts, which may come in any order and be repeated. */

import * as z from 'zod'
import { type Effect, writing } from '#console/facts.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { mediaTypeOf } from '#lib/text/media-type.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Upload } from '#model/object/multipart/upload.ts'
import { createUpload } from '#objects/writes/create-upload.ts'
import type { NewBody } from '#objects/writes/new-body.ts'
import type { NewObject } from '#objects/writes/new-object.ts'
import { putObject } from '#objects/writes/put-object.ts'
import { putPart } from '#objects/writes/put-part.ts'

export const uploadFile: Page = async (visit, { store, config }) => {
  const conditions = conditionsOf(visit)
  const version = await putObject(store, visit.actor, {
    object: objectOf(visit),
    body: bodyOf(visit, config),
    conditions,
  })
  return { json: { etag: version.etag, versionId: version.versionId } }
}

export const startUpload: Page = async (visit, { store }) => {
  const { uploadId } = await createUpload(store, visit.actor, { object: objectOf(visit) })
  return { status: 201, json: { uploadId } }
}

/** The parts that have been received, so that an interrupted upload can resume. */
export const showUpload: Page = async (visit, { store }) => {
  const { parts } = await store.listParts(await uploadOf(visit, store), 0, limits.partNumberMax)
  return { json: { parts: parts.map(({ partNumber, sizeBytes, etag }) => ({ partNumber, sizeBytes, etag })) } }
}

export const uploadPart: Page = async (visit, { store, config }) => {
  const partNumber = Number(visit.params.part)
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > limits.partNumberMax) {
    throw new ApiError('InvalidArgument')
  }
  const upload = await uploadOf(visit, store)
  const part = await putPart(store, visit.actor, {
    bucket: visit.bucket,
    upload,
    partNumber,
    body: bodyOf(visit, config),
  })
  return { json: { partNumber, etag: part.etag } }
}

const completion = z.object({
  parts: z
    .array(z.object({ partNumber: z.int().min(1), etag: z.string() }))
    .min(1)
    .max(limits.partNumberMax),
})

export const completeUpload: Page = async (visit, { store }) => {
  const { bucket, key } = visit
  const { parts } = await visit.readJson(completion)
  const version = await store.completeUpload({
    bucket,
    key,
    uploadId: visit.params.upload ?? '',
    parts: parts.map((part) => ({ ...part, checksums: {} })),
    conditions: conditionsOf(visit),
    origin: visit.actor,
  })
  return { json: { etag: version.etag, versionId: version.versionId } }
}

export const abortUpload: Page = async ({ bucket, key, params }, { store }) => {
  await store.abortUpload(bucket.name, key, params.upload ?? '')
  return { json: {} }
}

type Uploads = { getUpload(bucket: string, key: string, uploadId: string): Promise<Upload> }

const uploadOf = ({ bucket, key, params }: Visit, store: Uploads) =>
  store.getUpload(bucket.name, key, params.upload ?? '')

const objectOf = ({ bucket, key }: Visit): NewObject => ({ bucket, key, headers: { contentType: contentTypeOf(key) } })

function bodyOf({ message, headers }: Visit, { maxUploadBytes }: ConsoleServices['config']): NewBody {
  const length = headers['content-length']
  if (length === undefined) throw new ApiError('MissingContentLength')
  const sizeBytes = Number(length)
  return {
    sizeBytes,
    open: (algorithms) => ({ source: message, sizeBytes, maxBytes: maxUploadBytes, algorithms }),
  }
}

/** `replace=no`: only if there is no such object. */
const conditionsOf = ({ query }: Visit) => (query.get('replace') === 'no' ? { ifNoneMatch: '*' } : {})

export const writingOf = (visit: Visit): Effect => writing(conditionsOf(visit))

/** Browsers guess the type from the name too, but know fewer types. */
function contentTypeOf(key: string): string {
  return mediaTypeOf(key) ?? 'application/octet-stream'
}
