/**
 * Shell commands and code that repeat a request. Their content comes from the requester: every word is quoted, and none
 * can be read as an option, a file name or a pattern.
 */
import type { RequestRecord } from '#access/records/activity.ts'
import { cutMark } from '#access/records/masked-request.ts'
import { formatVisibleJson } from '#lib/text/hidden-characters.ts'
import { quoteForShell } from '#lib/text/shell-quote.ts'
import { mask } from '#model/served-request.ts'
import { commandOf } from './commands.ts'
import { formOptions } from './form-options.ts'

export interface LineValues {
  readonly endpoint: string
  readonly region: string
}

/** Headers of the signature, and those that curl adds itself. */
const ownHeaders =
  /^(authorization|host|connection|content-length|transfer-encoding|expect|accept-encoding|user-agent|x-amz-date|x-amz-content-sha256|x-amz-decoded-content-length|x-amz-trailer|x-amz-user-agent|amz-sdk-.*)$/i
const signatureParameter =
  /^(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)|AWSAccessKeyId|Signature|Expires)=/i

export function curlLine(record: RequestRecord, { endpoint, region }: LineValues): string {
  const { method, target, requester, headers, operation = '' } = record
  const service = /^(iam|sts|kms):/.exec(operation)?.[1] ?? 's3'
  const lines = ['curl --globoff --path-as-is']
  if (method === 'HEAD') lines[0] += ' --head'
  else if (method !== 'GET') lines[0] += ` --request ${quoteForShell(method)}`
  if (requester.accessKeyId !== '') {
    lines.push(
      `--aws-sigv4 ${quoteForShell(`aws:amz:${region}:${service}`)} --user ${quoteForShell(`${requester.accessKeyId}:<your secret>`)}`,
    )
  }
  for (const [name, value] of headers) {
    const isOwn = ownHeaders.test(name) && !(name.toLowerCase() === 'host' && namesBucket(value, record))
    if (!isOwn && value !== mask) lines.push(`--header ${quoteForShell(`${name}: ${value}`)}`)
  }
  lines.push(...bodyOptions(record), quoteForShell(endpoint + encodedTarget(withoutSignature(target))))
  return lines.join(' \\\n  ')
}

/** A website is found by its host alone, and a bucket may be named by it. */
function namesBucket(host: string, { operation = '', bucket }: RequestRecord): boolean {
  const isVirtual = bucket !== undefined && host.toLowerCase().startsWith(`${bucket}.`)
  return isVirtual || operation.startsWith('WEBSITE.')
}

function bodyOptions({ form, headers }: RequestRecord): string[] {
  if (form?.every(([, value]) => !value.endsWith(cutMark))) {
    return form.map(
      ([name, value]) => `--data-urlencode ${quoteForShell(`${name}=${value === mask ? `<${name}>` : value}`)}`,
    )
  }
  // A request that was refused early has no count of bytes.
  const hadBody = headers.some(([name, value]) => /^content-length$/i.test(name) && Number(value) > 0)
  return hadBody ? ["--data-binary @'<the body>'"] : []
}

/** Undefined if no `aws` command expresses all of the request. */
export function awsLine(record: RequestRecord, { endpoint, region }: LineValues): string | undefined {
  const where = `--endpoint-url ${quoteForShell(endpoint)} --region ${quoteForShell(region)}`
  const service = /^(iam|sts):/.exec(record.operation ?? '')?.[1]
  const words = service === undefined ? objectWords(record) : formWords(service, record)
  return words && [...words, where].join(' \\\n  ')
}

function objectWords(record: RequestRecord): string[] | undefined {
  const line = commandOf(record)
  if (line === undefined) return undefined
  const { command, parameters } = line
  const options = parameters.map(({ option, value }) => [
    option,
    typeof value === 'string' ? value : formatVisibleJson(value),
  ])
  if (options.some(([, value = '']) => isReadElsewhere(value))) return undefined
  const words = options.map(([option, value = '']) => `--${option}=${quoteForShell(value)}`)
  return [`aws s3api ${command.name}`, ...words, ...(command.ends === undefined ? [] : [command.ends])]
}

function formWords(service: string, { form }: RequestRecord): string[] | undefined {
  const asked = form && formOptions(form.map(([name, value]) => [name, onOneLine(value)] as const))
  if (asked === undefined || asked.options.some(({ values = [] }) => values.some(isReadElsewhere))) return undefined
  const words = asked.options.map(({ option, values }) =>
    values === undefined
      ? `--${option}`
      : values.length === 1
        ? `--${option}=${quoteForShell(values[0] ?? '')}`
        : `--${option} ${values.map(quoteForShell).join(' ')}`,
  )
  return [`aws ${service} ${asked.command}`, ...words]
}

/** Line ends do not change a document. */
function onOneLine(value: string): string {
  if (!/^\s*[{[]/.test(value)) return value
  try {
    return formatVisibleJson(JSON.parse(value))
  } catch {
    return value
  }
}

/** `aws` would read it from a file or an address instead. */
const isReadElsewhere = (value: string): boolean => /^(fileb?|https?):\/\//.test(value)

/** A script for Node with the AWS SDK; undefined if its parameters would not express all of the request. */
export function sdkCode(record: RequestRecord, { endpoint, region }: LineValues): string | undefined {
  const { operation = '' } = record
  const line = commandOf(record)
  if (line === undefined) return undefined
  const members = line.parameters.map(({ member, value }) => `${member}: ${indented(formatVisibleJson(value, 2))}`)
  if (line.command.ends?.startsWith('--body')) members.push("Body: '<what to send>'")
  return [
    `import { S3Client, ${operation}Command } from '@aws-sdk/client-s3'`,
    '',
    'const s3 = new S3Client({',
    `  endpoint: ${formatVisibleJson(endpoint)},`,
    `  region: ${formatVisibleJson(region)},`,
    '  forcePathStyle: true,',
    '})',
    `const command = new ${operation}Command({${members.map((member) => `\n  ${member},`).join('')}${members.length > 0 ? '\n' : ''}})`,
    'console.log(await s3.send(command))',
  ].join('\n')
}

const indented = (json: string): string => json.replaceAll('\n', '\n  ')

/** node:http returns the bytes of a URL as Latin-1. */
export const encodedTarget = (target: string): string =>
  target.replace(/[^\x21-\x7e]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

function withoutSignature(target: string): string {
  const [path = '', query = ''] = target.split(/\?(.*)/s)
  const kept = query.split('&').filter((one) => one !== '' && !signatureParameter.test(one))
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}
