/** The rows of ListObjects and ListObjectsV2. */
import { escapeXml } from '#lib/text/xml.ts'
import type { ListedObject } from '#store/contract.ts'
import type { DocumentWriter } from './document-writer.ts'
import { formatDate } from './listing.ts'

export function writeContents(
  document: DocumentWriter,
  objects: readonly ListedObject[],
  show: (text: string) => string,
  formatOwner: ((ownerId: string) => string) | undefined,
): void {
  for (const object of objects) {
    let text = `<Contents><Key>${show(object.key)}</Key><LastModified>${formatDate(object.modifiedAtMs)}</LastModified><ETag>&quot;${object.etag}&quot;</ETag>`
    if (object.checksumAlgorithm !== undefined)
      text += `<ChecksumAlgorithm>${object.checksumAlgorithm}</ChecksumAlgorithm>`
    if (object.checksumType !== undefined) text += `<ChecksumType>${object.checksumType}</ChecksumType>`
    text += `<Size>${object.sizeBytes}</Size>`
    if (formatOwner !== undefined) text += formatOwner(object.ownerId)
    document.add(`${text}<StorageClass>${escapeXml(object.storageClass)}</StorageClass></Contents>`)
  }
}
