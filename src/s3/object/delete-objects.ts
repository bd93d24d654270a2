/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */

import { elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { decisionHeader } from '#model/served-request.ts'
import { type Deletion, deleteNamed } from '#objects/versions/delete-object.ts'
import type { Operation, XmlContent } from '#s3/operation.ts'
import { readXml } from '#s3/request/documents/read-xml.ts'
import { announcedChecksum } from '#s3/request/headers/checksum-headers.ts'
import type { DeletedObject } from '#store/contract.ts'
import { parseSizeAndTime } from './delete-object.ts'
import { readBypass } from './headers/lock-headers.ts'

/** The number of refused keys with a decision id, so that the header stays short. */
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
  const asksToPass = readBypass(request, request.bucket)
  const read = (entry: Entry) => ({ ...deletionOf(request.bucket, entry), asksToPass })
  const outcomes = await deleteNamed(services.store, request.actor, { entries, read })
  const deleted: XmlContent[] = []
  const errors: XmlContent[] = []
  const decisionIds: string[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const entry = entries[index] as Entry
    if (!(outcome instanceof ApiError)) {
      deleted.push(describeDeleted(entry, outcome))
      continue
    }
    const decisionId = outcome.headers[decisionHeader]
    if (decisionId !== undefined) decisionIds.push(decisionId)
    const { key, versionId } = entry
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

const deletionOf = (bucket: Bucket, { key, versionId, etag, size, lastModified }: Entry): Deletion => ({
  bucket,
  key,
  versionId,
  conditions: { ...(etag === undefined ? {} : { ifMatch: etag }), ...parseSizeAndTime(size, lastModified) },
})

const describeDeleted = ({ key, versionId }: Entry, deleted: DeletedObject): XmlContent => ({
  Key: key,
  VersionId: versionId,
  DeleteMarker: deleted.isDeleteMarker ? true : undefined,
  DeleteMarkerVersionId: deleted.isDeleteMarker ? deleted.versionId : undefined,
})
