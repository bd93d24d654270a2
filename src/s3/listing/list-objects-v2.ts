import { escapeXml } from '#lib/text/xml.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import { regionHeader } from '#s3/region-header.ts'
import { writeContents } from './contents.ts'
import type { DocumentWriter } from './document-writer.ts'
import {
  createOwnerFormatter,
  decodeToken,
  encodeToken,
  listingResponse,
  readListParameters,
  writeCommonPrefixes,
} from './listing.ts'
import { listPage } from './page.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export async function listObjectsV2(request: S3Request, { store, accounts }: Services): Promise<S3Response> {
  const { bucketName, bucket, query } = request
  const parameters = readListParameters(request)
  const { prefix, delimiter, maxKeys, isEncoded, show } = parameters
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  // A token continues where a page ended, so it overrides start-after.
  const after = token === undefined ? (startAfter ?? '') : decodeToken(token)
  const page = await listPage(store, bucketName, parameters, after)
  const formatOwner = query.get('fetch-owner') === 'true' ? createOwnerFormatter(bucket, accounts) : undefined

  let text = `<Name>${escapeXml(bucketName)}</Name><Prefix>${show(prefix)}</Prefix>`
  if (delimiter !== '') text += `<Delimiter>${show(delimiter)}</Delimiter>`
  text += `<MaxKeys>${maxKeys}</MaxKeys>`
  if (isEncoded) text += '<EncodingType>url</EncodingType>'
  text += `<KeyCount>${page.objects.length + page.commonPrefixes.length}</KeyCount>`
  text += `<IsTruncated>${page.next !== undefined}</IsTruncated>`
  if (token !== undefined) text += `<ContinuationToken>${escapeXml(token)}</ContinuationToken>`
  if (page.next !== undefined) text += `<NextContinuationToken>${encodeToken(page.next)}</NextContinuationToken>`
  if (startAfter !== undefined && token === undefined) text += `<StartAfter>${show(startAfter)}</StartAfter>`
  const writeRows = (document: DocumentWriter) => {
    writeContents(document, page.objects, show, formatOwner)
    writeCommonPrefixes(document, page.commonPrefixes, show)
  }
  return listingResponse('ListBucketResult', text, writeRows, regionHeader(bucket))
}
