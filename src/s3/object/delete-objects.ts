/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */

import { authorizeOnObject } from '#access/decide/object-access.ts'
import { elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { assertKey, isVersionId } from '#model/object.ts'
import { decisionHeader } from '#model/served-request.ts'
import type { Operation, S3Request, Services, XmlContent } from '#s3/operation.ts'
import { announcedChecksum } from '#s3/request/checksum-headers.ts'
import { readXml } from '#s3/request/read-xml.ts'
import { deleteEach } from '#store/delete-each.ts'
import { parseSizeAndTime } from './delete-object.ts'

/** Of those refused, so that the answer's header stays short. */
const decisionIdsMax = 20

interface Entry {
  readonly key: string
  readonly versionId: string | undefined
  readonly etag: string | undefined
  readonly size: string | undefined
  readonly lastModified: string | undefined
}

export const deleteObjects: Operation = async (request, services) => {
  if (request.headers['content-md5'] === undefined && announcedChecksum(request.headers) === undefined) {
    throw new ApiError('InvalidRequest', { message: 'Missing required header for this request: Content-MD5' })
  }
  const { entries, isQuiet } = readXml(await request.body.document(), 'Delete', parseDelete, ['Object'])
  const deleted: XmlContent[] = []
  const errors: XmlContent[] = []
  const decisionIds: string[] = []
  const outcomes = await deleteEach(entries, (entry) =>
    deleteEntry(request, services, entry).catch((error: unknown) => {
      if (error instanceof ApiError) return error
      throw error
    }),
  )
  for (const [index, outcome] of outcomes.entries()) {
    if (!(outcome instanceof ApiError)) {
      deleted.push(outcome)
      continue
    }
    const decisionId = outcome.headers[decisionHeader]
    if (decisionId !== undefined) decisionIds.push(decisionId)
    const { key, versionId } = entries[index] as Entry
    errors.push({ Key: key, VersionId: versionId, Code: outcome.code, Message: outcome.message })
  }
  const content = { Deleted: isQuiet ? [] : deleted, Error: errors }
  const named = decisionIds.slice(0, decisionIdsMax).join(', ')
  return { headers: named === '' ? {} : { [decisionHeader]: named }, body: { root: 'DeleteResult', content } }
}

function parseDelete(content: XmlElements): { entries: Entry[]; isQuiet: boolean } {
  const entries = elementsAt(content, 'Object').map((object) => {
    const key = textAt(object, 'Key')
    if (key === undefined || key === '') throw new Error('an Object needs a Key')
    return {
      key,
      versionId: textAt(object, 'VersionId') || undefined,
      etag: textAt(object, 'ETag')?.replace(/^"(.*)"$/, '$1'),
      size: textAt(object, 'Size'),
      lastModified: textAt(object, 'LastModifiedTime'),
    }
  })
  if (entries.length === 0 || entries.length > limits.deleteObjectsMax) throw new Error('1 to 1,000 objects')
  return { entries, isQuiet: textAt(content, 'Quiet')?.toLowerCase() === 'true' }
}

async function deleteEntry(request: S3Request, services: Services, entry: Entry): Promise<XmlContent> {
  const { bucket } = request
  const { key, versionId, etag } = entry
  assertKey(key)
  // One that cannot be is missing here, where others call it an invalid argument.
  if (versionId !== undefined && !isVersionId(versionId)) throw new ApiError('NoSuchVersion')
  const keys = { ...(versionId && { 's3:versionid': versionId }), ...(etag && { 's3:if-match': etag }) }
  await authorizeOnObject(services, {
    principal: request.caller.principal,
    action: versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion',
    bucket,
    key,
    versionId,
    facts: { ...request.facts, keys },
  })
  const deleted = await services.store.deleteObject({
    bucket,
    key,
    versionId,
    ownerId: request.caller.principal.canonicalId,
    conditions: {
      ...(etag === undefined ? {} : { ifMatch: etag }),
      ...parseSizeAndTime(entry.size, entry.lastModified),
    },
    origin: request.actor,
  })
  return {
    Key: key,
    VersionId: versionId,
    DeleteMarker: deleted.isDeleteMarker ? true : undefined,
    DeleteMarkerVersionId: deleted.isDeleteMarker ? deleted.versionId : undefined,
  }
}
