/** Uploads of the browser: small files at once, large ones in parts that may come in any order and be sent again. */
import { lookup } from 'mime-types'
import * as z from 'zod'
import { type Effect, writing } from '#console/facts.ts'
import type { Page, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { ObjectHeaders } from '#model/object.ts'
import { ownerOfNewObject } from '#model/object-ownership.ts'
import type { Upload } from '#model/upload.ts'
import { putBody } from './put-bytes.ts'

export const uploadFile: Page = async (visit, services) => {
  const { message, key } = visit
  const body = { source: message, sizeBytes: contentLength(visit) }
  const headers = { contentType: contentTypeOf(key) }
  const version = await putBody(visit, services, key, body, { conditions: conditionsOf(visit), headers })
  return { json: { etag: version.etag, versionId: version.versionId } }
}

export const startUpload: Page = async ({ bucket, key, principal }, { store }) => {
  const initiatorId = principal.canonicalId
  const ownerId = ownerOfNewObject(bucket, initiatorId, false)
  const headers: ObjectHeaders = { contentType: contentTypeOf(key) }
  const attributes = { headers, userMetadata: {}, storageClass: 'STANDARD', ownerId } as const
  const { uploadId } = await store.createUpload({ bucket: bucket.name, key, attributes, initiatorId })
  return { status: 201, json: { uploadId } }
}

/** Which parts have arrived, so that an upload goes on where it was interrupted. */
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
  const body = { source: visit.message, sizeBytes: contentLength(visit) }
  const staged = await store.stagePart(upload, partNumber, { ...body, maxBytes: config.maxUploadBytes, algorithms: [] })
  const part = await store.putPart(upload, staged, undefined)
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

function contentLength({ headers }: Visit): number {
  const length = headers['content-length']
  if (length === undefined) throw new ApiError('MissingContentLength')
  return Number(length)
}

/** `replace=no`: only if nothing is there. */
const conditionsOf = ({ query }: Visit) => (query.get('replace') === 'no' ? { ifNoneMatch: '*' } : {})

export const writingOf = (visit: Visit): Effect => writing(conditionsOf(visit))

/** Browsers guess from the name as well, and from less. */
function contentTypeOf(key: string): string {
  return lookup(key) || 'application/octet-stream'
}
