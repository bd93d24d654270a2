/**
 * Lines for a shell that make a request again. What is in them came from whoever asked: every word is quoted, and none can be taken for
 * an option, a file to read, or a pattern.
 */
import type { RequestRecord } from '#access/activity.ts'
import { mask } from '#access/masked-request.ts'

export interface LineValues {
  readonly endpoint: string
  readonly region: string
}

/** Of the signature, and what curl says for itself. */
const ownHeaders =
  /^(authorization|host|connection|content-length|transfer-encoding|expect|accept-encoding|user-agent|x-amz-date|x-amz-content-sha256|x-amz-decoded-content-length|x-amz-trailer|x-amz-user-agent|amz-sdk-.*)$/i
const signatureParameter =
  /^(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)|AWSAccessKeyId|Signature|Expires)=/i

export function curlLine(record: RequestRecord, { endpoint, region }: LineValues): string {
  const { method, target, requester, headers, operation = '' } = record
  const service = /^(iam|sts):/.exec(operation)?.[1] ?? 's3'
  const lines = ['curl --globoff --path-as-is']
  if (method === 'HEAD') lines[0] += ' --head'
  else if (method !== 'GET') lines[0] += ` --request ${quote(method)}`
  if (requester.accessKeyId !== '') {
    lines.push(
      `--aws-sigv4 ${quote(`aws:amz:${region}:${service}`)} --user ${quote(`${requester.accessKeyId}:<your secret>`)}`,
    )
  }
  for (const [name, value] of headers) {
    if (!ownHeaders.test(name) && value !== mask) lines.push(`--header ${quote(`${name}: ${value}`)}`)
  }
  // Of what is refused nothing counts as received.
  const hadBody = headers.some(([name, value]) => /^content-length$/i.test(name) && Number(value) > 0)
  if (hadBody) lines.push("--data-binary @'<the body>'")
  lines.push(quote(endpoint + withoutSignature(target)))
  return lines.join(' \\\n  ')
}

/** By operation: its command, and the parameters of the query that its options stand for. */
const commands: Readonly<Record<string, readonly [command: string, ends?: string]>> = {
  ListBuckets: ['list-buckets'],
  CreateBucket: ['create-bucket'],
  DeleteBucket: ['delete-bucket'],
  HeadBucket: ['head-bucket'],
  GetBucketLocation: ['get-bucket-location'],
  GetBucketVersioning: ['get-bucket-versioning'],
  GetBucketPolicy: ['get-bucket-policy'],
  ListObjects: ['list-objects'],
  ListObjectsV2: ['list-objects-v2'],
  ListObjectVersions: ['list-object-versions'],
  ListMultipartUploads: ['list-multipart-uploads'],
  GetObject: ['get-object', "'<file to write>'"],
  HeadObject: ['head-object'],
  DeleteObject: ['delete-object'],
  PutObject: ['put-object', "--body '<file to send>'"],
}
const options: readonly (readonly [parameter: string, option: string])[] = [
  ['prefix', 'prefix'],
  ['delimiter', 'delimiter'],
  ['versionId', 'version-id'],
]

/** Undefined where `aws` has no line that says it all. */
export function awsLine(record: RequestRecord, { endpoint, region }: LineValues): string | undefined {
  const command = commands[record.operation ?? '']
  if (command === undefined) return undefined
  const query = new URLSearchParams(record.target.split('?')[1] ?? '')
  const range = record.headers.find(([name]) => name.toLowerCase() === 'range')?.[1]
  const values = [
    ['bucket', record.bucket],
    ['key', record.key],
    ...options.map(([parameter, option]) => [option, query.get(parameter) ?? '']),
    ['range', range ?? ''],
  ].filter(([, value]) => value !== '')
  // It would read these from a file or an address instead.
  if (values.some(([, value]) => /^(fileb?|https?):\/\//.test(value ?? ''))) return undefined
  const [name, ends] = command
  const words = values.map(([option, value]) => `--${option}=${quote(value ?? '')}`)
  const where = `--endpoint-url ${quote(endpoint)} --region ${quote(region)}`
  return [`aws s3api ${name}`, ...words, ...(ends === undefined ? [] : [ends]), where].join(' \\\n  ')
}

function withoutSignature(target: string): string {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const kept = query.split('&').filter((one) => one !== '' && !signatureParameter.test(one))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
