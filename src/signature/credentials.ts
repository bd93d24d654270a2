/** The credentials in a request, parsed but not verified. */
import { ApiError } from '#model/errors.ts'
import type { SignableRequest } from './request.ts'

export interface V4Credentials {
  readonly kind: 'v4-header' | 'v4-query'
  readonly accessKeyId: string
  /** `20261124` */
  readonly date: string
  readonly region: string
  readonly service: string
  /** Names in lower case, as listed. */
  readonly signedHeaders: readonly string[]
  /** The same as text, as in the canonical request. */
  readonly signedHeaderList: string
  readonly signature: string
  /** `20261124T020000Z` */
  readonly timestamp: string
  readonly expiresSeconds: number | undefined
  readonly sessionToken: string | undefined
}

export interface V2Credentials {
  readonly kind: 'v2-header' | 'v2-query'
  readonly accessKeyId: string
  readonly signature: string
  /** Seconds since 1970, from the query. */
  readonly expires: string | undefined
  readonly sessionToken: string | undefined
}

export type PresentedCredentials = { readonly kind: 'anonymous' } | V4Credentials | V2Credentials | PlainCredentials

export interface PlainCredentials {
  readonly kind: 'plain-keys'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

export function parseCredentials(request: SignableRequest): PresentedCredentials {
  const { headers, target } = request
  const authorization = headers.authorization
  const at = target.indexOf('?')
  // A percent-encoded name shows only after decoding.
  const query = at === -1 || !/x-amz-|signature|%/i.test(target) ? undefined : new URLSearchParams(target.slice(at + 1))
  const isV4Query = query?.has('X-Amz-Algorithm') === true || query?.has('X-Amz-Signature') === true
  const isV2Query = query?.has('Signature') === true && query.has('AWSAccessKeyId')
  // An empty header counts as none: the request is anonymous.
  if (authorization !== undefined && authorization !== '') {
    if (isV4Query || isV2Query) {
      throw new ApiError('InvalidArgument', {
        message:
          'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
        fields: { ArgumentName: 'Authorization', ArgumentValue: authorization.split(' ', 1)[0] ?? '' },
      })
    }
    return parseAuthorization(request, authorization)
  }
  if (query !== undefined && isV4Query) return parseV4Query(query)
  if (query !== undefined && isV2Query) {
    return {
      kind: 'v2-query',
      accessKeyId: query.get('AWSAccessKeyId') ?? '',
      signature: query.get('Signature') ?? '',
      expires: query.get('Expires') ?? undefined,
      sessionToken: query.get('x-amz-security-token') ?? undefined,
    }
  }
  const plainKey = headers['x-access-key']
  const plainSecret = headers['x-secret-key']
  if (typeof plainKey === 'string' && typeof plainSecret === 'string') {
    const sessionToken = text(headers['x-amz-security-token'])
    return { kind: 'plain-keys', accessKeyId: plainKey, secretAccessKey: plainSecret, sessionToken }
  }
  return { kind: 'anonymous' }
}

function parseAuthorization(request: SignableRequest, authorization: string): PresentedCredentials {
  const sessionToken = text(request.headers['x-amz-security-token'])
  if (authorization.startsWith('AWS ')) {
    const [accessKeyId = '', signature = ''] = authorization.slice(4).trim().split(':')
    if (accessKeyId === '' || signature === '') {
      throw new ApiError('InvalidArgument', {
        message: 'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature',
        fields: { ArgumentName: 'Authorization', ArgumentValue: authorization.slice(0, 100) },
      })
    }
    return { kind: 'v2-header', accessKeyId, signature, expires: undefined, sessionToken }
  }
  if (!authorization.startsWith(v4Start)) {
    throw new ApiError('InvalidArgument', {
      message: authorization.includes(' ')
        ? 'Unsupported Authorization Type'
        : "Authorization header is invalid -- one and only one ' ' (space) required",
      fields: { ArgumentName: 'Authorization', ArgumentValue: authorization.slice(0, 100) },
    })
  }
  const timestamp = timestampOf(request)
  const { scope, signature } = parseV4Authorization(authorization)
  if (timestamp === undefined) {
    throw new ApiError('AccessDenied', { message: 'AWS authentication requires a valid Date or x-amz-date header' })
  }
  const { accessKeyId, date, region, service, signedHeaders, signedHeaderList } = scope
  return {
    kind: 'v4-header',
    accessKeyId,
    date,
    region,
    service,
    signedHeaders,
    signedHeaderList,
    signature,
    timestamp,
    expiresSeconds: undefined,
    sessionToken,
  }
}

/** The common part of one client's signatures of a day. */
type SignedScope = Omit<V4Credentials, 'kind' | 'signature' | 'timestamp' | 'expiresSeconds' | 'sessionToken'>

/** Recently parsed, by the header's text up to the signature: a client repeats it. */
const scopes = new Map<string, SignedScope>()
const scopesMax = 1000
const scopeLengthMax = 1000
const signatureLength = 64
const signatureLabel = ',Signature='

function parseV4Authorization(authorization: string): { scope: SignedScope; signature: string } {
  const at = authorization.length - signatureLength
  const signature = authorization.slice(at)
  const label = authorization.slice(at - signatureLabel.length - 1, at).replace(' ', '')
  if (!label.endsWith(signatureLabel) || at > scopeLengthMax || signature.includes(','))
    return parseV4Parts(authorization)
  const repeated = authorization.slice(0, at)
  const known = scopes.get(repeated)
  if (known !== undefined) return { scope: known, signature }
  const parsed = parseV4Parts(authorization)
  if (scopes.size >= scopesMax) scopes.clear()
  scopes.set(repeated, parsed.scope)
  return parsed
}

/** Messages are those of S3. */
function parseV4Parts(authorization: string): { scope: SignedScope; signature: string } {
  const components = authorization.slice(v4Start.length).split(',')
  if (components.length !== 3) {
    throw malformed('the authorization header requires three components: Credential, SignedHeaders, and Signature.')
  }
  const values = new Map<string, string>()
  for (const component of components) {
    const equals = component.indexOf('=')
    if (equals < 0) throw malformed(`the authorization component "${component.trim()}" is malformed.`)
    values.set(component.slice(0, equals).trim(), component.slice(equals + 1).trim())
  }
  const get = (name: string) => {
    const value = values.get(name)
    if (value === undefined || value === '') throw malformed(`missing ${name}.`)
    return value
  }
  const scope = parseScope(get('Credential'), malformed)
  return { scope: { ...scope, ...listHeaders(get('SignedHeaders')) }, signature: get('Signature') }
}

const v4Start = 'AWS4-HMAC-SHA256'

const malformed = (reason: string) =>
  new ApiError('AuthorizationHeaderMalformed', { message: `The authorization header is malformed; ${reason}` })
const badQuery = (message: string) => new ApiError('AuthorizationQueryParametersError', { message })

function parseV4Query(query: URLSearchParams): V4Credentials {
  const values = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Signature',
    'X-Amz-Date',
    'X-Amz-SignedHeaders',
    'X-Amz-Expires',
  ]
  if (values.some((name) => !query.get(name))) {
    throw badQuery(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  const get = (name: string) => query.get(name) ?? ''
  if (get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') {
    throw badQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
  }
  const expires = get('X-Amz-Expires')
  if (!/^-?\d+$/.test(expires)) throw badQuery('X-Amz-Expires should be a number')
  if (Number(expires) < 0) throw badQuery('X-Amz-Expires must be non-negative')
  if (Number(expires) > 604_800) {
    throw badQuery(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  // The expiry is before the start.
  if (Number(expires) === 0) throw new ApiError('AccessDenied', { message: 'Request has expired' })
  const timestamp = get('X-Amz-Date')
  if (!isTimestamp(timestamp)) throw badQuery(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`)
  return {
    kind: 'v4-query',
    ...parseScope(get('X-Amz-Credential'), (reason) =>
      badQuery(`Error parsing the X-Amz-Credential parameter; ${reason}`),
    ),
    ...listHeaders(get('X-Amz-SignedHeaders')),
    signature: get('X-Amz-Signature'),
    timestamp,
    expiresSeconds: Number(expires),
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
  }
}

export function parseScope(
  credential: string,
  fail: (reason: string) => ApiError,
): Pick<V4Credentials, 'accessKeyId' | 'date' | 'region' | 'service'> {
  // An access key may contain slashes; the four parts of the scope may not.
  const parts = credential.split('/')
  if (parts.length < 5) {
    throw fail('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
  }
  const [date = '', region = '', service = '', terminal = ''] = parts.slice(-4)
  if (terminal !== 'aws4_request') {
    throw fail(`incorrect terminal "${terminal}". This endpoint uses "aws4_request".`)
  }
  if (!/^\d{8}$/.test(date)) {
    throw fail(`incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`)
  }
  return { accessKeyId: parts.slice(0, -4).join('/'), date, region, service }
}

function listHeaders(names: string): Pick<V4Credentials, 'signedHeaders' | 'signedHeaderList'> {
  const signedHeaderList = names.toLowerCase()
  return { signedHeaders: signedHeaderList.split(';'), signedHeaderList }
}

export const isTimestamp = (value: string): boolean => /^\d{8}T\d{6}Z$/.test(value)

/** x-amz-date, otherwise Date, as `20261124T020000Z`. */
function timestampOf(request: SignableRequest): string | undefined {
  const amzDate = text(request.headers['x-amz-date'])
  if (amzDate !== undefined && isTimestamp(amzDate)) return amzDate
  const date = new Date(amzDate ?? request.headers.date ?? '')
  if (Number.isNaN(date.getTime())) return undefined
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** Milliseconds since 1970 of `20261124T020000Z`. */
export function parseTimestamp(timestamp: string): number {
  if (timestamp === lastTimestamp) return lastTimestampMs
  const at = (from: number, to: number) => Number(timestamp.slice(from, to))
  lastTimestampMs = Date.UTC(at(0, 4), at(4, 6) - 1, at(6, 8), at(9, 11), at(11, 13), at(13, 15))
  lastTimestamp = timestamp
  return lastTimestampMs
}

/** Whole seconds, since consecutive requests often have the same. */
let lastTimestamp = ''
let lastTimestampMs = 0
