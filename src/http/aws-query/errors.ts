/** Translates S3's errors of authentication to those of IAM and STS. */
import { ApiError, type ErrorCode } from '#model/errors.ts'

const expired = 'The security token included in the request is expired'
const invalid = 'The security token included in the request is invalid.'

/** Code of S3 → code and message of IAM; without a message, S3's stays. */
const translations: Partial<Record<ErrorCode, readonly [code: ErrorCode, message?: string]>> = {
  AuthorizationHeaderMalformed: ['SignatureDoesNotMatch'],
  AuthorizationQueryParametersError: ['IncompleteSignature'],
  InvalidAccessKeyId: ['InvalidClientTokenId', invalid],
  InvalidArgument: ['IncompleteSignature'],
  InvalidToken: ['InvalidClientTokenId', invalid],
  MalformedPolicy: ['MalformedPolicyDocument'],
  SignatureDoesNotMatch: [
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ],
}

/** The error to show. Any error but ApiError is a bug, and is shown without detail. */
export function asQueryError(error: unknown): ApiError {
  if (!(error instanceof ApiError)) return new ApiError('InternalError')
  if (error.code === 'ExpiredToken') return new ApiError('ExpiredToken', { message: expired, cause: error })
  if (error.code === 'AccessDenied') {
    // S3 quotes the resource, IAM and STS do not.
    return translated(error, 'AccessDenied', error.message.replace(/on resource: "([^"]*)"/, 'on resource: $1'))
  }
  const [code, message] = translations[error.code] ?? []
  return code === undefined ? error : translated(error, code, message)
}

function translated({ message, fields, headers }: ApiError, code: ErrorCode, instead = message): ApiError {
  const { AWSAccessKeyId: _, ...kept } = fields
  return new ApiError(code, { message: instead, fields: code === 'SignatureDoesNotMatch' ? {} : kept, headers })
}
