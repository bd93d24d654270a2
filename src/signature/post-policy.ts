/** Browser uploads by POST: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */
import { createHmac } from 'node:crypto'
import { ApiError } from '#model/errors.ts'
import { isTimestamp, parseScope } from './credentials.ts'
import { isSame, signingKey } from './signing-key.ts'
import { unsupportedV2 } from './v2.ts'

type Fields = ReadonlyMap<string, string>

export interface FormScope {
  /** The expected scope of the signature. */
  readonly region: string
  isRegion(name: string): boolean
  readonly service: string
  readonly takesV2: boolean
}

/**
 * Verifies the signature of the field `policy`, with the secret of the key in the form. Without credentials `secretOf`
 * is not called.
 */
export function verifyFormSignature(
  fields: Fields,
  settings: FormScope,
  findSecret: (accessKeyId: string) => string,
): void {
  const policy = fields.get('policy')
  const signatureV4 = fields.get('x-amz-signature')
  const signatureV2 = fields.get('signature')
  const accessKeyId = fields.get('awsaccesskeyid')
  const credential = fields.get('x-amz-credential')
  const isV4 = signatureV4 !== undefined || credential !== undefined
  if (!isV4 && signatureV2 === undefined && accessKeyId === undefined) return
  if (policy === undefined) throw missing('policy')
  if (isV4) {
    if (signatureV4 === undefined) throw missing('X-Amz-Signature')
    if (credential === undefined) throw missing('X-Amz-Credential')
    checkAlgorithmAndDate(fields)
    const invalid = (message: string) =>
      new ApiError('InvalidArgument', {
        message,
        fields: { ArgumentName: 'x-amz-credential', ArgumentValue: credential },
      })
    const scope = parseScope(credential, invalid)
    if (!settings.isRegion(scope.region)) {
      throw invalid(`the region '${scope.region}' is wrong; expecting '${settings.region}'`)
    }
    if (scope.service !== settings.service) {
      throw invalid(`incorrect service "${scope.service}". This endpoint belongs to "${settings.service}".`)
    }
    const key = signingKey(findSecret(scope.accessKeyId), scope.date, scope.region, scope.service)
    if (!isSame(key.sign(policy), signatureV4)) throw mismatch(scope.accessKeyId, policy, signatureV4)
    return
  }
  if (!settings.takesV2) throw unsupportedV2()
  if (accessKeyId === undefined) throw missing('AWSAccessKeyId')
  if (signatureV2 === undefined) throw missing('signature')
  const computed = createHmac('sha1', findSecret(accessKeyId)).update(policy).digest('base64')
  if (!isSame(computed, signatureV2)) throw mismatch(accessKeyId, policy, signatureV2)
}

const mismatch = (AWSAccessKeyId: string, policy: string, signature: string) =>
  new ApiError('SignatureDoesNotMatch', {
    fields: { AWSAccessKeyId, StringToSign: policy, SignatureProvided: signature },
  })

function checkAlgorithmAndDate(fields: Fields): void {
  const algorithm = fields.get('x-amz-algorithm')
  if (algorithm === undefined) throw missing('X-Amz-Algorithm')
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw new ApiError('InvalidArgument', {
      message: 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
      fields: { ArgumentName: 'X-Amz-Algorithm', ArgumentValue: algorithm },
    })
  }
  const date = fields.get('x-amz-date')
  if (date === undefined) throw missing('X-Amz-Date')
  if (isTimestamp(date)) return
  throw new ApiError('InvalidArgument', {
    message: `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`,
    fields: { ArgumentName: 'X-Amz-Date', ArgumentValue: date },
  })
}

const missing = (field: string) =>
  new ApiError('InvalidArgument', {
    message: `Bucket POST must contain a field named '${field}'.  If it is specified, please check the order of the fields.`,
    fields: { ArgumentName: field },
  })

/** A checksum is known only after the file, and a form without it is allowed in the same cases. */
const notConditioned = /^(x-amz-signature|file|policy|awsaccesskeyid|signature|x-ignore-.*|x-amz-checksum-.*)$/

/**
 * The fields with the name of the file in place of `${filename}`: the part of a path after its last slash or backslash.
 * Without a file name they stay as they are.
 */
export function withFileName(fields: Fields, fileName: string | undefined): Map<string, string> {
  return new Map([...fields].map(([name, value]) => [name, replaceFileName(value, fileName)]))
}

function replaceFileName(template: string, fileName: string | undefined): string {
  if (fileName === undefined) return template
  const name = fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1)
  // A function, since a replacement text would have patterns such as `$&`.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: so forms write it
  return template.replaceAll('${filename}', () => name)
}

const failed = (reason: string) => new ApiError('AccessDenied', { message: `Invalid according to Policy: ${reason}` })
const invalid = (reason: string) => new ApiError('InvalidPolicyDocument', { message: `Invalid Policy: ${reason}` })

/** Fields from `withFileName`, names in lower case. Returns what must be checked once the file has been received. */
export function checkPostPolicy(upload: {
  readonly policyBase64: string
  readonly fields: Fields
  readonly fileName: string | undefined
  readonly bucket: string
  readonly nowMs: number
}): { contentLengthRange?: [number, number] } {
  const document = parsePolicy(upload.policyBase64)
  const expiresAtMs = Date.parse(document.expiration)
  if (Number.isNaN(expiresAtMs) || !/^\d{4}-\d\d-\d\dT/.test(document.expiration)) {
    throw invalid(`Invalid 'expiration' value: '${document.expiration}'`)
  }
  if (expiresAtMs <= upload.nowMs) throw failed('Policy expired.')
  const { fileName } = upload
  const values = new Map([...upload.fields, ['bucket', upload.bucket]])
  const covered = new Set<string>()
  let contentLengthRange: [number, number] | undefined
  for (const condition of document.conditions) {
    const [operator, name, value] = normalise(condition)
    if (operator === 'content-length-range') {
      // Each of several conditions counts.
      const [min, max] = contentLengthRange ?? [0, Number.POSITIVE_INFINITY]
      contentLengthRange = [Math.max(min, Number(name)), Math.min(max, Number(value))]
      continue
    }
    const field = name.replace(/^\$/, '').toLowerCase()
    const actual = name.startsWith('$') ? values.get(field) : undefined
    const wanted = replaceFileName(value, fileName)
    const holds = actual !== undefined && (operator === 'eq' ? actual === wanted : startsWith(field, actual, wanted))
    if (!holds) throw failed(`Policy Condition failed: ["${operator}", "${name}", "${value}"]`)
    covered.add(field)
  }
  const extra = [...values.keys()].filter((name) => !covered.has(name) && !notConditioned.test(name))
  if (extra.length > 0) throw failed(`Extra input fields: ${extra.join(', ')}`)
  return contentLengthRange === undefined ? {} : { contentLengthRange }
}

/** In a list of content types, each must start with the prefix. */
function startsWith(field: string, actual: string, prefix: string): boolean {
  if (field !== 'content-type') return actual.startsWith(prefix)
  return actual.split(',').every((one) => one.trim().startsWith(prefix))
}

function parsePolicy(base64: string): { expiration: string; conditions: unknown[] } {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(base64, 'base64').toString())
  } catch {
    throw invalid('Invalid JSON.')
  }
  if (typeof document !== 'object' || document === null) throw invalid('Invalid JSON.')
  const { expiration, conditions } = document as Record<string, unknown>
  if (typeof expiration !== 'string') throw invalid('Policy missing expiration.')
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.')
  return { expiration, conditions }
}

type Operator = 'eq' | 'starts-with' | 'content-length-range'

/** Operator, `$field` (or the minimum length) and value (or the maximum). */
function normalise(condition: unknown): [Operator, string, string] {
  if (Array.isArray(condition)) {
    const [first, name, value] = condition
    const operator = String(first).toLowerCase()
    if (condition.length !== 3) throw invalid('Invalid Simple-Condition: value must have three items.')
    if (operator === 'content-length-range') {
      const isWhole = (one: unknown) => /^\d{1,15}$/.test(String(one))
      if (!isWhole(name) || !isWhole(value)) throw invalid('Invalid content-length-range.')
      return [operator, String(name), String(value)]
    }
    if ((operator !== 'eq' && operator !== 'starts-with') || typeof name !== 'string' || typeof value !== 'string') {
      throw invalid(`Invalid condition: ${JSON.stringify(condition)}`)
    }
    return [operator, name, value]
  }
  if (typeof condition !== 'object' || condition === null) {
    throw invalid(`Invalid condition: ${JSON.stringify(condition)}`)
  }
  const [property, ...others] = Object.entries(condition)
  if (property === undefined || others.length > 0) {
    throw invalid('Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.')
  }
  const [name, value] = property
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.')
  return ['eq', `$${name}`, value]
}
