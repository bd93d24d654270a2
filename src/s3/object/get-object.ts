/**
 * GetObject and HeadObject, which differ only in the body.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
import { mayReadTags } from '#access/decide/objects/tag-access.ts'
import { checkRead } from '#http/object/read-conditions.ts'
import { ApiError } from '#model/errors.ts'
import type { Checksum, ObjectVersion } from '#model/object/object.ts'
import { type ByteRange, parseRange, rangeToServe } from '#model/object/range.ts'
import { assertActive } from '#model/object/storage-class.ts'
import type { CustomerKey } from '#objects/encryption/customer-key.ts'
import { openKeys } from '#objects/encryption/open-keys.ts'
import type { Operation, S3Request, Services } from '#s3/operation.ts'
import { checksumHeaders, checksumOfPart } from '#s3/request/headers/checksum-headers.ts'
import { encryptionHeaders, keyOfRead } from '#s3/request/headers/encryption-headers.ts'
import { lockHeaders } from './headers/lock-headers.ts'
import { assertHeaderText, attributeHeaders } from './headers/object-attributes.ts'

const overrides = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
] as const

export const getObject: Operation = async (request, services) => {
  const opened = await request.open()
  try {
    const { version } = opened
    assertActive(version, 'read')
    const customerKey = keyOfRead(request, services)
    const dataKeys = await openKeys(request.actor, request, version, customerKey)
    const { status, headers, range } = await describe(request, services, version, customerKey)
    if (dataKeys !== undefined) await opened.unseal(dataKeys)
    return { status, headers, body: opened.content(range.start, range.end) }
  } catch (error) {
    opened.close()
    throw error
  }
}

export const headObject: Operation = async (request, services) => {
  const version = await request.version()
  const customerKey = keyOfRead(request, services)
  await assertDescribable(request, version, customerKey)
  const { status, headers } = await describe(request, services, version, customerKey)
  return { status, headers }
}

/**
 * The key of an object with SSE-C is checked. A key of the KMS is needed only for the checksum:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html#AmazonS3-HeadObject-request-header-ChecksumMode
 */
async function assertDescribable(
  request: S3Request,
  version: ObjectVersion,
  customerKey: CustomerKey | undefined,
): Promise<void> {
  const isOfCustomer = customerKey !== undefined || version.encryption?.method === 'SSE-C'
  if (isOfCustomer || showsChecksum(request)) await openKeys(request.actor, request, version, customerKey)
}

const showsChecksum = ({ headers }: S3Request): boolean =>
  String(headers['x-amz-checksum-mode'] ?? '').toUpperCase() === 'ENABLED'

interface Description {
  readonly status: number
  readonly headers: Record<string, string>
  readonly range: ByteRange
}

async function describe(
  request: S3Request,
  services: Services,
  version: ObjectVersion,
  customerKey: CustomerKey | undefined,
): Promise<Description> {
  const { headers, query, bucket } = request
  checkRead(headers, version, services.clock, () => cachingHeaders(request, version))
  const part = query.size === 0 ? undefined : await selectPart(request, services, version)
  const range = part?.range ?? parseRange(rangeToServe(headers, version), version.sizeBytes)
  const { start, end } = range ?? { start: 0, end: version.sizeBytes }
  const out = attributeHeaders(version)
  if (version.tags !== undefined && mayCountTags(request, services, version)) {
    out['x-amz-tagging-count'] = String(Object.keys(version.tags).length)
  }
  if (version.lock !== undefined) Object.assign(out, await lockHeaders(request, services, version.lock))
  out['accept-ranges'] = 'bytes'
  out.etag = `"${version.etag}"`
  out['last-modified'] = httpDate(version.modifiedAtMs)
  if (range !== undefined) out['content-range'] = `bytes ${start}-${end - 1}/${version.sizeBytes}`
  if (part !== undefined && version.partCount > 0) out['x-amz-mp-parts-count'] = String(version.partCount)
  if (bucket.versioning !== 'Unversioned') out['x-amz-version-id'] = version.versionId
  if (version.encryption !== undefined) Object.assign(out, encryptionHeaders(version.encryption, customerKey))
  if (showsChecksum(request)) {
    if (part !== undefined) Object.assign(out, checksumHeaders(part.checksum))
    else if (end - start === version.sizeBytes) Object.assign(out, checksumHeaders(version.checksum))
  }
  if (query.size > 0) override(request, out)
  // Must be last: node:http decodes a Content-Disposition after it differently, and throws for UTF-8.
  out['content-length'] = String(end - start)
  return { status: range === undefined ? 200 : 206, headers: out, range: { start, end } }
}

/** The number of tags is shown only to callers who may read them. */
function mayCountTags(request: S3Request, { gatekeeper }: Services, version: ObjectVersion): boolean {
  const { bucket, key, query, caller, facts } = request
  return mayReadTags(gatekeeper, caller.principal, { bucket, key, versionId: query.get('versionId'), version }, facts)
}

let dateMs = -1
let dateText = ''

/** The same object is often read many times. */
function httpDate(atMs: number): string {
  if (atMs !== dateMs) {
    dateMs = atMs
    dateText = new Date(atMs).toUTCString()
  }
  return dateText
}

/** Caching headers of the whole answer. */
function cachingHeaders(request: S3Request, version: ObjectVersion): Record<string, string> {
  const out = attributeHeaders(version)
  override(request, out)
  const caching: Record<string, string> = {}
  for (const name of ['cache-control', 'expires']) if (out[name] !== undefined) caching[name] = out[name]
  return caching
}

/**
 * Response headers set by the query: for signed requests only, since anyone can add parameters to a link. Empty ones
 * are ignored.
 */
function override(request: S3Request, out: Record<string, string>): void {
  for (const name of overrides) {
    const value = request.query.get(`response-${name}`)
    if (value === undefined || value === '') continue
    if (request.caller.via === 'anonymous') {
      throw new ApiError('InvalidRequest', {
        message: 'Request specific response headers cannot be used for anonymous GET requests.',
      })
    }
    assertHeaderText(`response-${name}`, value)
    out[name] = Buffer.from(value).toString('latin1')
  }
}

interface SelectedPart {
  readonly range: ByteRange | undefined
  readonly checksum: Checksum | undefined
}

/** `partNumber` reads one part as uploaded. An object without parts is its own part 1. */
async function selectPart(
  request: S3Request,
  services: Services,
  version: ObjectVersion,
): Promise<SelectedPart | undefined> {
  const text = request.query.get('partNumber')
  if (text === undefined) return undefined
  if (request.headers.range !== undefined) {
    throw new ApiError('InvalidRequest', { message: 'Cannot specify both Range header and partNumber query parameter' })
  }
  const partNumber = Number(text)
  if (!/^\d{1,5}$/.test(text) || partNumber < 1 || partNumber > 10_000) {
    throw new ApiError('InvalidArgument', {
      message: 'Part number must be an integer between 1 and 10000, inclusive',
      fields: { ArgumentName: 'partNumber', ArgumentValue: text },
    })
  }
  if (version.partCount === 0) {
    if (partNumber > 1)
      throw new ApiError('InvalidPartNumber', { fields: { ActualPartCount: 1, PartNumberRequested: text } })
    return {
      range: version.sizeBytes === 0 ? undefined : { start: 0, end: version.sizeBytes },
      checksum: version.checksum,
    }
  }
  const parts = await services.store.listObjectParts(request.bucketName, version, 0, 10_000)
  let start = 0
  for (const [index, part] of parts.entries()) {
    const end = start + part.sizeBytes
    if (index + 1 === partNumber) {
      return { range: { start, end }, checksum: checksumOfPart(version, part) }
    }
    start = end
  }
  throw new ApiError('InvalidPartNumber', {
    fields: { ActualPartCount: parts.length, PartNumberRequested: text },
  })
}
