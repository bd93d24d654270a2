/**
 * Lines for a shell, and code, that make a request again. What is in them came from whoever asked: every word is quoted, and none can be
 * taken for an option, a file to read, or a pattern.
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

/** By operation: its command of `aws s3api`, and what the command ends with. */
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

/** Undefined where `aws` has no line that says it all. */
export function awsLine(record: RequestRecord, { endpoint, region }: LineValues): string | undefined {
  const command = commands[record.operation ?? '']
  if (command === undefined) return undefined
  const values = parametersOf(record)
  // It would read these from a file or an address instead.
  if (values.some(({ value }) => /^(fileb?|https?):\/\//.test(value))) return undefined
  const [name, ends] = command
  const words = values.map(({ option, value }) => `--${option}=${quote(value)}`)
  const where = `--endpoint-url ${quote(endpoint)} --region ${quote(region)}`
  return [`aws s3api ${name}`, ...words, ...(ends === undefined ? [] : [ends]), where].join(' \\\n  ')
}

/** A script for Node with the AWS SDK; undefined where its parameters would not say it all. */
export function sdkCode(record: RequestRecord, { endpoint, region }: LineValues): string | undefined {
  const { operation = '' } = record
  if (!Object.hasOwn(commands, operation)) return undefined
  const members = parametersOf(record).map(({ member, value }) => `${member}: ${JSON.stringify(value)}`)
  if (operation === 'PutObject') members.push("Body: '<what to send>'")
  return [
    `import { S3Client, ${operation}Command } from '@aws-sdk/client-s3'`,
    '',
    'const s3 = new S3Client({',
    `  endpoint: ${JSON.stringify(endpoint)},`,
    `  region: ${JSON.stringify(region)},`,
    '  forcePathStyle: true,',
    '})',
    `const command = new ${operation}Command({${members.map((member) => `\n  ${member},`).join('')}${members.length > 0 ? '\n' : ''}})`,
    'console.log(await s3.send(command))',
  ].join('\n')
}

interface Parameter {
  readonly option: string
  readonly member: string
  readonly value: string
}

/** Of the query: its name there, as an option of `aws` and as a member of the SDK's input. */
const parameters = [
  ['prefix', 'prefix', 'Prefix'],
  ['delimiter', 'delimiter', 'Delimiter'],
  ['versionId', 'version-id', 'VersionId'],
] as const

function parametersOf({ bucket, key, target, headers }: RequestRecord): Parameter[] {
  const query = new URLSearchParams(target.split('?')[1] ?? '')
  const range = headers.find(([name]) => name.toLowerCase() === 'range')?.[1] ?? ''
  return [
    { option: 'bucket', member: 'Bucket', value: bucket },
    { option: 'key', member: 'Key', value: key },
    ...parameters.map(([name, option, member]) => ({ option, member, value: query.get(name) ?? '' })),
    { option: 'range', member: 'Range', value: range },
  ].filter(({ value }) => value !== '')
}

function withoutSignature(target: string): string {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const kept = query.split('&').filter((one) => one !== '' && !signatureParameter.test(one))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
