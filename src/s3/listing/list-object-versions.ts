import { escapeXml } from '#lib/text/xml.ts'
import { isVersionId } from '#model/object/object.ts'
import type { S3Request, S3Response, Services } from '#s3/operation.ts'
import type { ListedVersion, VersionPage } from '#store/contract.ts'
import {
  createOwnerFormatter,
  formatDate,
  invalidArgument,
  listingResponse,
  readListParameters,
  writeCommonPrefixes,
} from './listing.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export async function listObjectVersions(request: S3Request, { store, accounts }: Services): Promise<S3Response> {
  const { bucketName, bucket, query } = request
  const { prefix, delimiter, maxKeys, isEncoded, show } = readListParameters(request)
  const keyMarker = query.get('key-marker') ?? ''
  const versionIdMarker = query.get('version-id-marker')
  if (versionIdMarker && keyMarker === '') {
    const message = 'A version-id marker cannot be specified without a key marker.'
    throw invalidArgument('version-id-marker', versionIdMarker, message)
  }
  if (versionIdMarker && !isVersionId(versionIdMarker)) {
    throw invalidArgument('version-id-marker', versionIdMarker, 'Invalid version id specified')
  }
  const page: VersionPage =
    maxKeys === 0
      ? { versions: [], commonPrefixes: [], next: undefined }
      : await store.listVersions({
          bucket: bucketName,
          prefix,
          delimiter,
          limit: maxKeys,
          keyMarker,
          versionIdMarker: versionIdMarker === '' ? undefined : versionIdMarker,
        })

  let text = `<Name>${escapeXml(bucketName)}</Name><Prefix>${show(prefix)}</Prefix><KeyMarker>${show(keyMarker)}</KeyMarker>`
  text += `<VersionIdMarker>${escapeXml(versionIdMarker ?? '')}</VersionIdMarker>`
  text += formatNext(page.next, show)
  text += `<MaxKeys>${maxKeys}</MaxKeys>`
  if (delimiter !== '') text += `<Delimiter>${show(delimiter)}</Delimiter>`
  text += `<IsTruncated>${page.next !== undefined}</IsTruncated>`
  if (isEncoded) text += '<EncodingType>url</EncodingType>'
  const formatOwner = createOwnerFormatter(bucket, accounts)
  return listingResponse('ListVersionsResult', text, (document) => {
    for (const listed of page.versions) document.add(formatVersion(listed, show, formatOwner))
    writeCommonPrefixes(document, page.commonPrefixes, show)
  })
}

function formatNext(next: VersionPage['next'], show: (text: string) => string): string {
  if (next === undefined) return ''
  const key = `<NextKeyMarker>${show(next.key)}</NextKeyMarker>`
  if (next.versionId === undefined) return key
  return `${key}<NextVersionIdMarker>${escapeXml(next.versionId)}</NextVersionIdMarker>`
}

function formatVersion(
  { version, isLatest }: ListedVersion,
  show: (text: string) => string,
  formatOwner: (ownerId: string) => string,
): string {
  const common = `<Key>${show(version.key)}</Key><VersionId>${version.versionId}</VersionId><IsLatest>${isLatest}</IsLatest><LastModified>${formatDate(version.modifiedAtMs)}</LastModified>${formatOwner(version.ownerId)}`
  if (version.isDeleteMarker) return `<DeleteMarker>${common}</DeleteMarker>`
  let text = `<Version><ETag>&quot;${version.etag}&quot;</ETag>`
  if (version.checksumAlgorithm !== undefined && version.checksumType !== undefined) {
    text += `<ChecksumAlgorithm>${version.checksumAlgorithm}</ChecksumAlgorithm><ChecksumType>${version.checksumType}</ChecksumType>`
  }
  return `${text}<Size>${version.sizeBytes}</Size><StorageClass>${version.storageClass}</StorageClass>${common}</Version>`
}
