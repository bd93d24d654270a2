/**
 * Uploads from browsers. The form contains its own credentials and policy, so this operation authenticates by itself.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
import type { Caller } from '#access/caller/caller.ts'
import { isUnexplained } from '#access/decide/denial.ts'
import { encodeHeaderBytes } from '#lib/text/header-bytes.ts'
import { awsEncode } from '#lib/text/uri.ts'
import { formatXml } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey, type ObjectVersion } from '#model/object/object.ts'
import { assertTags } from '#model/tags.ts'
import { RequestActor } from '#objects/actor.ts'
import type { NewBody } from '#objects/writes/new-body.ts'
import { putObject } from '#objects/writes/put-object.ts'
import { assertHeaderText, parseNewObject } from '#s3/object/headers/object-attributes.ts'
import { versionHeader } from '#s3/object/put-object.ts'
import type { Operation, S3Request, S3Response, Services } from '#s3/operation.ts'
import { readTagging } from '#s3/request/documents/tagging.ts'
import { announcedChecksum, checksumHeaders, verifyAnnounced } from '#s3/request/headers/checksum-headers.ts'
import { encryptionOfWrite, writtenEncryptionHeaders } from '#s3/request/headers/encryption-headers.ts'
import { assertRequestPayer, chargedHeader } from '#s3/request/headers/request-payer.ts'
import { refuseUnservedHeaders } from '#s3/request/headers/unserved-headers.ts'
import { checkPostPolicy, withFileName } from '#signature/post-policy.ts'
import { type Form, readForm } from './fields.ts'

export const postObject: Operation = async (request, services) => {
  if (!/^multipart\/form-data/i.test(request.headers['content-type'] ?? '')) {
    throw new ApiError('PreconditionFailed', {
      fields: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
    })
  }
  const form = await readForm(request.headers, request.body.raw)
  try {
    return await upload(request, services, form)
  } catch (error) {
    form.release()
    throw error
  }
}

async function upload(request: S3Request, services: Services, form: Form): Promise<S3Response> {
  const { bucket } = request
  const fields = withFileName(form.fields, form.fileName)
  const caller = services.gatekeeper.authenticateForm(fields, request.facts, { region: bucket.region })
  const { principal } = caller
  const key = fields.get('key')
  if (key === undefined || key === '') {
    throw new ApiError('InvalidArgument', {
      message:
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      fields: { ArgumentName: 'key', ArgumentValue: '' },
    })
  }
  const limitsOfPolicy = checkPolicy(request, services, { ...form, fields }, caller)
  assertKey(key)
  const headers = headersOf(fields)
  const facts = { ...request.facts, caller, headers: { ...plainHeaders(request.headers), ...headers } }
  services.gatekeeper.authorize(principal, 's3:PutObject', { bucket, key }, facts)
  refuseUnservedHeaders('PostObject', headers)
  assertRequestPayer(headers)
  const encryption = encryptionOfWrite({ headers, bucket, facts }, services)
  const object = { ...parseNewObject(headers, { bucket, key }, services.accounts, { isForm: true }), encryption }
  const body = bodyOf(form.file, headers, limitsOfPolicy, services.settings.maxUploadBytes)
  const actor = new RequestActor(services, { principal, facts, requestId: request.id })
  const version = await putObject(services.store, actor, { object, body, conditions: {}, cause: 'Post' })
  return answer(request, fields, version, {
    ...writtenEncryptionHeaders(version.encryption, encryption.customerKey),
    ...chargedHeader(bucket, principal, headers),
  })
}

/** The file of the form, within the limits of its policy and of the server. */
function bodyOf(
  source: Form['file'],
  headers: Record<string, string>,
  { contentLengthRange }: PostLimits,
  uploadBytesMax: number,
): NewBody {
  const announced = announcedChecksum(headers)
  const [minBytes, maxBytes] = contentLengthRange ?? [0, uploadBytesMax]
  return {
    checksumAlgorithm: announced?.algorithm,
    open: (algorithms) => ({
      source,
      sizeBytes: undefined,
      maxBytes: Math.min(maxBytes, uploadBytesMax),
      algorithms,
    }),
    verify({ sizeBytes, digests }) {
      if (sizeBytes < minBytes) {
        throw new ApiError('EntityTooSmall', { fields: { ProposedSize: sizeBytes, MinSizeAllowed: minBytes } })
      }
      if (announced !== undefined) verifyAnnounced(announced, digests, {})
    },
  }
}

type PostLimits = ReturnType<typeof checkPostPolicy>

/** Records refusals by the form's policy under the signer. */
function checkPolicy(request: S3Request, services: Services, form: Form, caller: Caller): PostLimits {
  const { bucket, facts } = request
  const { gatekeeper, clock } = services
  const { fields, fileName } = form
  const policyBase64 = fields.get('policy')
  if (policyBase64 === undefined) return {}
  try {
    return checkPostPolicy({ policyBase64, fields, fileName, bucket: bucket.name, nowMs: clock.nowMs() })
  } catch (error) {
    if (!isUnexplained(error)) throw error
    const key = fields.get('key') ?? ''
    throw gatekeeper.recordRefusal(error, caller.principal, 's3:PutObject', { bucket, key }, { ...facts, caller })
  }
}

/** Fields that the browser adds, which need no signature. */
function plainHeaders(headers: S3Request['headers']): S3Request['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-')))
}

/** Form fields replace the headers of PutObject. */
function headersOf(fields: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of fields) {
    if (/^(x-amz-(algorithm|credential|date|signature|security-token)|acl|tagging)$/.test(name)) continue
    if (!/^(x-amz-|content-|cache-control$|expires$)/.test(name)) continue
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      throw new ApiError('InvalidArgument', { message: 'Invalid header name', fields: { ArgumentName: name } })
    }
    assertHeaderText(name, value)
    headers[name] = encodeHeaderBytes(value)
  }
  const acl = fields.get('acl')
  if (acl !== undefined) headers['x-amz-acl'] = acl
  const tagging = fields.get('tagging')
  if (tagging !== undefined) headers['x-amz-tagging'] = taggingHeader(tagging)
  return headers
}

/** The field holds a Tagging document; the header is a query. */
function taggingHeader(document: string): string {
  const tags = assertTags(readTagging(Buffer.from(document)), 'object') ?? {}
  return new URLSearchParams(tags).toString()
}

function answer(
  request: S3Request,
  fields: ReadonlyMap<string, string>,
  version: ObjectVersion,
  more: Record<string, string>,
): S3Response {
  const { bucket, bucketUrl } = request
  const etag = `"${version.etag}"`
  const location = `${bucketUrl}/${awsEncode(version.key, { keepSlash: true })}`
  const checksum = checksumHeaders(version.checksum)
  const headers = { etag, location, ...checksum, ...more, ...versionHeader(bucket.versioning, version) }
  const redirect = redirectTarget(fields.get('success_action_redirect') ?? fields.get('redirect'))
  if (redirect !== undefined) {
    redirect.searchParams.set('bucket', bucket.name)
    redirect.searchParams.set('key', version.key)
    redirect.searchParams.set('etag', etag)
    return { status: 303, headers: { ...headers, location: redirect.href } }
  }
  const status = fields.get('success_action_status')
  if (status === '200') return { status: 200, headers }
  if (status !== '201') return { status: 204, headers }
  const content = { Location: location, Bucket: bucket.name, Key: version.key, ETag: etag }
  // This is the only S3 document without a namespace.
  const body = formatXml({ root: 'PostResponse', content })
  return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body }
}

/** An invalid URL is ignored, as in S3. */
function redirectTarget(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}
