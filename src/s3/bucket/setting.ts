/**
 * The description of a bucket setting, and its operations. A new setting is one file in settings/, one field of Bucket
 * or of BucketSettings (`Kept`), and one line in operations.ts. Its rules are in model/, its effect is where it
 * belongs.
 */
import { bodyTooLarge } from '#http/read-body.ts'
import type { XmlElements } from '#lib/text/xml.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import type { BucketSettings, SettingName } from '#model/bucket/bucket-settings.ts'
import { ApiError, type ErrorCode } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { OperationRow, S3Request, S3Response, Services, XmlContent } from '#s3/operation.ts'
import { readXml } from '#s3/request/documents/read-xml.ts'
import { assertBodyChecksum } from '#s3/request/headers/checksum-headers.ts'

export interface BucketSetting<Value> {
  /** The query parameter that addresses it: `cors`. */
  readonly subresource: string
  readonly get: SettingOperation
  readonly put: SettingOperation & PutRules
  /** Absent if S3 has no such operation. */
  readonly delete?: SettingOperation
  /**
   * The error of a GET if the bucket has no value. Absent if there always is one, since `kept.find` knows the default.
   */
  readonly missing?: ErrorCode
  readonly document: SettingDocument<Value>
  readonly kept: Kept<Value>
}

interface SettingOperation {
  readonly name: string
  /** The IAM action. */
  readonly action: string
}

interface PutRules {
  /** 200 by default. */
  readonly status?: 204
  /** A request without Content-MD5 and x-amz-checksum-* is refused. */
  readonly needsChecksum?: true
  /** Largest document; `limits.settingBytes` by default. */
  readonly maxBytes?: number
}

/** The format of a value in requests and answers. */
export interface SettingDocument<Value> {
  /** Throws ApiError; MalformedXML for content outside the schema. */
  parse(document: Buffer): Value
  format(value: Value): S3Response
}

/**
 * Where the values are kept: in the bucket row (`inBucket`), in a row of their own (`inOwnRow`) if few requests need
 * them or they can grow, or elsewhere.
 */
export interface Kept<Value> {
  find(bucket: Bucket, services: Services): Value | undefined | Promise<Value | undefined>
  put(value: Value, request: S3Request, services: Services): Promise<unknown>
  /** Deleting a missing value is no error. */
  delete?(request: S3Request, services: Services): Promise<unknown>
}

interface XmlSchema<Value> {
  readonly root: string
  /** Elements that are lists, also with one member. */
  readonly lists?: readonly string[]
  /** A plain Error is answered as MalformedXML. */
  parse(content: XmlElements): Value
  format(value: Value): XmlContent
}

export function xmlDocument<Value>({ root, lists, parse, format }: XmlSchema<Value>): SettingDocument<Value> {
  return {
    parse: (document) => readXml(document, root, parse, lists),
    format: (value) => ({ body: { root, content: format(value) } }),
  }
}

interface BucketPart<Value> {
  find(bucket: Bucket): Value | undefined
  /** The bucket as of the commit, with the new value. May refuse. */
  put(bucket: Bucket, value: Value): Bucket
  delete?(bucket: Bucket): Bucket
}

/** Kept in the bucket row, which every request reads anyway. */
export function inBucket<Value>(part: BucketPart<Value>): Kept<Value> {
  const { delete: without } = part
  return {
    find: part.find,
    put: (value, { bucketName }, { store }) => store.updateBucket(bucketName, (bucket) => part.put(bucket, value)),
    ...(without && { delete: ({ bucketName }, { store }) => store.updateBucket(bucketName, without) }),
  }
}

/** Kept in a row of its own, which the bucket row names. */
export function inOwnRow<Name extends SettingName>(name: Name): Kept<BucketSettings[Name]> {
  return {
    find: (bucket, { store }) => store.findSetting(bucket, name),
    put: (value, { bucketName }, { store }) => store.putSetting(bucketName, name, value),
    delete: ({ bucketName }, { store }) => store.putSetting(bucketName, name, undefined),
  }
}

/** The rows of operations.ts for the setting. */
export function settingRows<Value>(setting: BucketSetting<Value>): OperationRow[] {
  const { get, put, delete: remove, subresource } = setting
  const route = (method: string) => `${method} bucket ?${subresource}`
  const rows: OperationRow[] = [
    rowOf(get, route('GET'), (request, services) => answerGet(setting, request, services)),
    rowOf(put, route('PUT'), (request, services) => answerPut(setting, request, services)),
  ]
  if (remove !== undefined) {
    rows.push(rowOf(remove, route('DELETE'), (request, services) => answerDelete(setting, request, services)))
  }
  return rows
}

const rowOf = ({ name, action }: SettingOperation, route: string, run: OperationRow['run']): OperationRow => ({
  name,
  route,
  action,
  run,
})

async function answerGet<Value>(
  { kept, missing, document, get }: BucketSetting<Value>,
  { bucket }: S3Request,
  services: Services,
): Promise<S3Response> {
  const value = await kept.find(bucket, services)
  if (value !== undefined) return document.format(value)
  if (missing === undefined) throw new Error(`${get.name}: no default`)
  throw new ApiError(missing, { fields: { BucketName: bucket.name } })
}

async function answerPut<Value>(
  { put, document, kept }: BucketSetting<Value>,
  request: S3Request,
  services: Services,
): Promise<S3Response> {
  if (put.needsChecksum) assertBodyChecksum(request.headers)
  const bytes = await request.body.document()
  if (bytes.length === 0) throw new ApiError('MissingRequestBodyError')
  const maxBytes = put.maxBytes ?? limits.settingBytes
  if (bytes.length > maxBytes) throw bodyTooLarge(maxBytes)
  await kept.put(document.parse(bytes), request, services)
  return put.status === undefined ? {} : { status: put.status }
}

async function answerDelete<Value>(
  { kept }: BucketSetting<Value>,
  request: S3Request,
  services: Services,
): Promise<S3Response> {
  await kept.delete?.(request, services)
  return { status: 204 }
}
