/** Attributes of an object: from request headers, and to response headers. */
import type { IncomingHttpHeaders } from 'node:http'
import { contentHeaderNames, contentHeaders } from '#http/object/content-headers.ts'
import { decodeWords } from '#lib/text/encoded-words.ts'
import { decodeHeaderBytes } from '#lib/text/header-bytes.ts'
import { ApiError } from '#model/errors.ts'
import { type ObjectAttributes, type ObjectHeaders, type StorageClass, storageClasses } from '#model/object/object.ts'
import { assertRedirectLocation } from '#model/object/redirect-location.ts'
import { isArchived } from '#model/object/storage-class.ts'
import type { NewObject } from '#objects/writes/new-object.ts'
import { requestedAcl } from '#s3/acl/acl-request.ts'
import type { Accounts } from '#s3/operation.ts'
import { parseTaggingHeader } from '#s3/request/documents/tagging.ts'
import { parseLockHeaders } from './lock-headers.ts'

/** `isForm`: the headers are fields of a form, whose metadata S3 keeps unchanged. In headers, RFC 2047 is decoded. */
export function parseNewObject(
  headers: IncomingHttpHeaders,
  { bucket, key }: Pick<NewObject, 'bucket' | 'key'>,
  accounts: Accounts,
  { isForm = false }: { readonly isForm?: boolean } = {},
): NewObject {
  const acl = requestedAcl(headers, 'object', accounts)
  const redirect = headers['x-amz-website-redirect-location']
  if (redirect !== undefined) assertRedirectLocation(String(redirect))
  const tagging = headers['x-amz-tagging']
  return {
    bucket,
    key,
    headers: parseHeaders(headers),
    userMetadata: parseUserMetadata(headers, isForm),
    storageClass: parseStorageClass(headers['x-amz-storage-class']),
    websiteRedirectLocation: redirect === undefined ? undefined : String(redirect),
    tags: tagging === undefined ? undefined : parseTaggingHeader(String(tagging)),
    acl,
    lock: parseLockHeaders(headers),
  }
}

/** InvalidArgument for a value that no header may have: a line end would start another header. RFC 9110 §5.5 */
export function assertHeaderText(name: string, value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for them
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw new ApiError('InvalidArgument', { message: 'Invalid header value', fields: { ArgumentName: name } })
  }
}

function parseHeaders(headers: IncomingHttpHeaders): ObjectHeaders {
  const parsed: Partial<Record<keyof ObjectHeaders, string>> = {}
  for (const [field, name] of contentHeaderNames) {
    let value = headers[name] === undefined ? undefined : String(headers[name])
    if (name === 'content-encoding') value = withoutFraming(value)
    if (value !== undefined && value !== '') parsed[field] = value
  }
  return parsed
}

/** aws-chunked is the framing of the body, not an attribute of the object. */
function withoutFraming(encoding: string | undefined): string | undefined {
  return encoding
    ?.split(',')
    .filter((one) => !/^\s*(aws-chunked)?\s*$/i.test(one))
    .join(',')
    .trim()
}

/** Values are text: UTF-8 if the bytes are valid, with the words of RFC 2047 decoded. */
function parseUserMetadata(headers: IncomingHttpHeaders, isForm: boolean): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const name in headers) {
    if (!name.startsWith('x-amz-meta-')) continue
    const raw = String(headers[name])
    const text = decodeHeaderBytes(raw)
    const value = isForm ? text : decodeWords(text)
    const short = name.slice('x-amz-meta-'.length)
    Object.defineProperty(metadata, short, { value, enumerable: true, writable: true, configurable: true })
  }
  return metadata
}

function parseStorageClass(header: string | string[] | undefined): StorageClass | undefined {
  if (header === undefined) return undefined
  const storageClass = storageClasses.find((one) => one === header)
  if (storageClass !== undefined && !isArchived({ storageClass })) return storageClass
  throw new ApiError('InvalidStorageClass', { fields: { StorageClassRequested: String(header) } })
}

/** Headers of GET and HEAD that come from the attributes. */
export function attributeHeaders(attributes: ObjectAttributes): Record<string, string> {
  const { storageClass, websiteRedirectLocation } = attributes
  const out = contentHeaders(attributes)
  if (storageClass !== 'STANDARD') out['x-amz-storage-class'] = storageClass
  if (websiteRedirectLocation !== undefined) out['x-amz-website-redirect-location'] = websiteRedirectLocation
  return out
}
