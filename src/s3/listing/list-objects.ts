import { escapeXml } from '#lib/text/xml.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { regionHeader } from '#s3/region-header.ts'
import { writeContents } from './contents.ts'
import type { DocumentWriter } from './document-writer.ts'
import {
  createOwnerFormatter,
  invalidArgument,
  listingResponse,
  readListParameters,
  writeCommonPrefixes,
} from './listing.ts'
import { listPage } from './page.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export async function listObjects(request: S3Request, { store, accounts }: Services): Promise<S3Response> {
  const { bucketName, bucket, query } = request
  const parameters = readListParameters(request)
  const { prefix, delimiter, maxKeys, isEncoded, show } = parameters
  const listType = query.get('list-type') ?? '1'
  if (listType !== '1') throw invalidArgument('list-type', listType, 'Invalid List Type specified in Request')
  const marker = query.get('marker') ?? ''
  const page = await listPage(store, bucketName, parameters, marker, true)

  let text = `<Name>${escapeXml(bucketName)}</Name><Prefix>${show(prefix)}</Prefix><Marker>${show(marker)}</Marker>`
  // Without a delimiter, clients continue after the last key, as the API says.
  if (page.next !== undefined && delimiter !== '') text += `<NextMarker>${show(page.next)}</NextMarker>`
  text += `<MaxKeys>${maxKeys}</MaxKeys>`
  if (delimiter !== '') text += `<Delimiter>${show(delimiter)}</Delimiter>`
  text += `<IsTruncated>${page.next !== undefined}</IsTruncated>`
  if (isEncoded) text += '<EncodingType>url</EncodingType>'
  const writeRows = (document: DocumentWriter) => {
    writeContents(document, page.objects, show, createOwnerFormatter(bucket, accounts))
    writeCommonPrefixes(document, page.commonPrefixes, show)
  }
  return listingResponse('ListBucketResult', text, writeRows, regionHeader(bucket))
}
