/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html */
import { elementAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { type NewKey, updateEncryption } from '#objects/encryption/update-encryption.ts'
import type { Operation, S3Request } from '#s3/operation.ts'
import { readXml } from '#s3/request/documents/read-xml.ts'
import { assertBodyChecksum } from '#s3/request/headers/checksum-headers.ts'
import { requestedVersion } from '#s3/request/requested-version.ts'

export const updateObjectEncryption: Operation = async (request, { store }) => {
  const { bucket, key, actor } = request
  let to: NewKey | undefined
  let fault: unknown
  try {
    to = await readRequest(request)
  } catch (error) {
    fault = error
  }
  await updateEncryption(store, actor, { bucket, key, versionId: requestedVersion(request), to, fault })
  return {}
}

async function readRequest(request: S3Request): Promise<NewKey> {
  const { caller } = request
  if (caller.via === 'anonymous' || caller.signature?.version === 'AWS') {
    throw invalid(
      'Requests that modify an object encryption configuration require AWS Signature Version 4. Modify the request to use AWS Signature Version 4, and then try again.',
    )
  }
  assertBodyChecksum(request.headers)
  const document = await request.body.document()
  if (document.length === 0) throw new ApiError('MissingRequestBodyError')
  return readXml(document, 'ObjectEncryption', readEncryption)
}

function readEncryption(content: XmlElements): NewKey {
  const kms = elementAt(content, 'SSE-KMS')
  const names = Object.keys(content).filter((name) => !name.startsWith('$'))
  if (kms === undefined || names.length !== 1) throw invalid(refusals[names[0] ?? ''] ?? needsType)
  const keyArn = textAt(kms, 'KMSKeyArn') ?? ''
  if (keyArn === '') throw invalid(needsArn)
  if (!isKeyArn(keyArn)) throw invalid(needsValidArn)
  const bucketKey = textAt(kms, 'BucketKeyEnabled') ?? 'false'
  if (bucketKey !== 'true' && bucketKey !== 'false') {
    throw invalid(
      "The BucketKeyEnabled value isn't valid. Valid values are true or false. Modify the request to specify a valid value, and then try again.",
    )
  }
  return { keyArn, usesBucketKey: bucketKey === 'true' }
}

const isKeyArn = (text: string): boolean =>
  text.length >= 20 && text.length <= 2048 && /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d*:key\/[\w-]+$/.test(text)

const invalid = (message: string) => new ApiError('InvalidRequest', { message })

const needsType =
  'Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.'
const unsupportedType =
  "The UpdateObjectEncryption operation doesn't support updating the encryption type to DSSE-KMS or SSE-C. Modify the request to specify SSE-KMS for the updated encryption type, and then try again."
const refusals: Readonly<Record<string, string>> = { 'DSSE-KMS': unsupportedType, 'SSE-C': unsupportedType }
const needsArn =
  "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again."
const needsValidArn =
  "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again."
