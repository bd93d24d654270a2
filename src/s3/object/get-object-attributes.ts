/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
import { readAuthorized, versionRecord } from '#access/decide/objects/object-access.ts'
import { checkRead } from '#http/object/read-conditions.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { withoutCount } from '#model/object/multipart/multipart.ts'
import type { ObjectVersion } from '#model/object/object.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import type { Operation, S3Request, Services, XmlContent } from '#s3/operation.ts'
import { checksumElements, checksumOfPart, partChecksumElement } from '#s3/request/headers/checksum-headers.ts'
import { keyOfRead } from '#s3/request/headers/encryption-headers.ts'
import { versionHeader } from './put-object.ts'

/** GetObject is needed too: attributes must not reveal anything that GetObject would not. */
async function assertReadable(request: S3Request, services: Services): Promise<void> {
  const { bucket, key, facts, query } = request
  const action = query.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject'
  const asked = { principal: request.caller.principal, action, bucket, key, facts }
  await readAuthorized(services, asked, () => request.version(), versionRecord)
}

const known = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

export const getObjectAttributes: Operation = async (request, services) => {
  await assertReadable(request, services)
  const asked = String(request.headers['x-amz-object-attributes'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  if (asked.length === 0) {
    throw new ApiError('InvalidRequest', {
      message:
        'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    })
  }
  if (!asked.every((one) => known.includes(one))) {
    throw new ApiError('InvalidArgument', {
      message: 'Invalid attribute name specified.',
      fields: { ArgumentName: 'x-amz-object-attributes' },
    })
  }
  const page = {
    marker: wholeNumber(request, 'x-amz-part-number-marker', 0),
    max: Math.min(wholeNumber(request, 'x-amz-max-parts', limits.listPageMax), limits.listPageMax),
  }
  const version = await request.version()
  const has = (name: string) => asked.includes(name)
  const customerKey = keyOfRead(request, services)
  const needsKey = customerKey !== undefined || version.encryption?.method === 'SSE-C' || has('Checksum')
  if (needsKey) await openKeys(request.actor, request, version, customerKey)
  checkRead(request.headers, version, services.clock)
  const content: XmlContent = {
    ETag: has('ETag') ? version.etag : undefined,
    Checksum: has('Checksum') ? checksumOf(version) : undefined,
    ObjectParts:
      has('ObjectParts') && version.partCount > 0 ? await objectParts(request, services, version, page) : undefined,
    StorageClass: has('StorageClass') ? version.storageClass : undefined,
    ObjectSize: has('ObjectSize') ? version.sizeBytes : undefined,
  }
  return {
    headers: {
      'last-modified': new Date(version.modifiedAtMs).toUTCString(),
      ...versionHeader(request.bucket.versioning, version),
    },
    body: { root: 'GetObjectAttributesResponse', content },
  }
}

/** The digest of a composite checksum, without the number of parts. */
function checksumOf({ checksum }: ObjectVersion): XmlContent | undefined {
  return checksum && checksumElements({ ...checksum, value: withoutCount(checksum.value) })
}

/** Parts are listed only if each has a checksum. For other objects S3 returns only their number. */
async function objectParts(
  request: S3Request,
  services: Services,
  version: ObjectVersion,
  { marker, max }: { readonly marker: number; readonly max: number },
): Promise<XmlContent> {
  if (version.checksum?.type !== 'COMPOSITE') return { PartsCount: version.partCount }
  const parts = await services.store.listObjectParts(request.bucketName, version, marker, max + 1)
  const page = parts.slice(0, max)
  return {
    PartsCount: version.partCount,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: max,
    IsTruncated: parts.length > max,
    Part: page.map((part) => ({
      PartNumber: part.partNumber,
      Size: part.sizeBytes,
      ...partChecksumElement(checksumOfPart(version, part)),
    })),
  }
}

function wholeNumber(request: S3Request, header: string, otherwise: number): number {
  const text = request.headers[header]
  if (text === undefined) return otherwise
  if (!/^\d{1,9}$/.test(String(text))) throw new ApiError('InvalidArgument', { fields: { ArgumentName: header } })
  return Number(text)
}
