/** Headers and user metadata of an object, editable. A change copies the object onto itself, as with any S3 client. */
import { objectHref } from '#console/address.ts'
import { nameOf, objectCrumbs } from '#console/objects/folder/folder.ts'
import type { Page, View, Visit } from '#console/page.ts'
import { decodeHeaderBytes, encodeHeaderBytes } from '#lib/text/header-bytes.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectHeaders } from '#model/object/object.ts'
import { assertRedirectLocation } from '#model/object/redirect-location.ts'
import { copyObject } from '#objects/copies/copy-object.ts'
import { headerFields, readableHeaders } from './header-fields.ts'

interface TypedMetadata {
  readonly headers: ObjectHeaders
  readonly pairs: Pairs
  /** x-amz-website-redirect-location; '' for none. */
  readonly redirect: string
}

type Pairs = readonly (readonly [name: string, value: string])[]

export const showMetadata: Page = async (visit, { store }) => {
  const { bucket, key } = visit
  const version = await store.headObject(bucket.name, key, undefined)
  const { headers, userMetadata, websiteRedirectLocation = '', etag } = version
  const typed = { headers, pairs: Object.entries(userMetadata), redirect: decodeHeaderBytes(websiteRedirectLocation) }
  return metadataView(visit, typed, etag)
}

export const saveMetadata: Page = async (visit, services) => {
  const { bucket, key, form } = visit
  const etag = form.get('etag') ?? ''
  const typed = { headers: headersIn(form), pairs: pairsIn(form), redirect: form.get('redirect')?.trim() ?? '' }
  const { headers, redirect } = typed
  try {
    const userMetadata = parsePairs(typed.pairs)
    for (const value of [...Object.values(headers), redirect]) assertHeaderValue(value)
    if (redirect !== '') assertRedirectLocation(redirect)
    await visit.authorizeObject('s3:GetObject', { bucket, key })
    const { storageClass } = await services.store.headObject(bucket.name, key, undefined)
    await copyObject(services.store, visit.actor, {
      source: { bucket, key },
      object: {
        bucket,
        key,
        headers,
        userMetadata,
        // A change of only these fields is a change, too.
        storageClass,
        websiteRedirectLocation: redirect === '' ? undefined : encodeHeaderBytes(redirect),
      },
      fromSource: { metadata: false, tags: true, storage: false, encryption: true, annotations: true },
      conditions: { ifMatch: etag },
      isWriteAuthorized: false,
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.code === 'NoSuchKey') throw error
    const isStale = error.code === 'PreconditionFailed'
    const problem = isStale ? 'The object was changed meanwhile. Close this dialog and open it again.' : error.message
    return metadataView(visit, typed, etag, problem, error.status)
  }
  return { redirect: objectHref(bucket.name, key), notice: { kind: 'done', text: 'Metadata saved' } }
}

function headersIn(form: URLSearchParams): ObjectHeaders {
  const headers: Partial<Record<keyof ObjectHeaders, string>> = {}
  for (const [field] of headerFields) {
    const value = form.get(field)?.trim()
    if (value) headers[field] = encodeHeaderBytes(value)
  }
  return headers
}

function pairsIn(form: URLSearchParams): Pairs {
  const values = form.getAll('value')
  return form
    .getAll('name')
    .map((name, at) => [name.trim().toLowerCase(), values[at]?.trim() ?? ''] as const)
    .filter(([name, value]) => name !== '' || value !== '')
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata */
function parsePairs(pairs: Pairs): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      throw new ApiError('InvalidArgument', { message: `“${name}” is not a valid name: use letters, digits, - and _.` })
    }
    if (Object.hasOwn(metadata, name)) {
      throw new ApiError('InvalidArgument', { message: `${name} is given twice.` })
    }
    assertHeaderValue(value)
    Object.defineProperty(metadata, name, { value, enumerable: true, writable: true, configurable: true })
  }
  return metadata
}

function assertHeaderValue(value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would split the header
  if (/[\u0000-\u001f\u007f]/.test(value)) {
    throw new ApiError('InvalidArgument', { message: 'Values cannot hold line breaks or control characters.' })
  }
}

function metadataView(
  { bucket, key }: Visit,
  { headers, pairs, redirect }: TypedMetadata,
  etag: string,
  problem?: string,
  status = 200,
): View {
  const readable = readableHeaders(headers)
  return {
    view: 'objects/metadata',
    title: `Metadata of ${nameOf(key)}`,
    place: 'buckets',
    isDialog: true,
    status,
    crumbs: objectCrumbs(bucket.name, key, 'Metadata'),
    locals: {
      bucket,
      key,
      etag,
      problem,
      headers: headerFields.map(([field, name]) => ({ field, name, value: readable[field] ?? '' })),
      pairs,
      redirect,
    },
  }
}
