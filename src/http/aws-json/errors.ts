/** Translates S3's errors of authentication and of the server to those of services with the JSON protocol. */
import { asQueryError } from '#http/aws-query/errors.ts'
import { ApiError, type ErrorCode } from '#model/errors.ts'

const invalid = 'The security token included in the request is invalid.'

/** Code in the Query protocol → code in this one, and its message; without a message, it stays. */
const translations: Partial<Record<ErrorCode, readonly [code: ErrorCode, message?: string]>> = {
  AccessDenied: ['AccessDeniedException'],
  ExpiredToken: ['ExpiredTokenException'],
  IncompleteSignature: ['IncompleteSignatureException'],
  InvalidClientTokenId: ['UnrecognizedClientException', invalid],
  MissingAuthenticationToken: ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  RequestTimeTooSkewed: ['InvalidSignatureException'],
  ServiceUnavailable: ['ServiceUnavailableException'],
  SignatureDoesNotMatch: ['InvalidSignatureException'],
  SlowDown: ['ThrottlingException'],
  Throttling: ['ThrottlingException'],
}

/** Any error but ApiError is a bug, and is shown as `internal`, without detail. */
export function asJsonError(error: unknown, internal: ErrorCode): ApiError {
  if (!(error instanceof ApiError) || error.code === 'InternalError') return new ApiError(internal)
  const known = asQueryError(error)
  const [code, message = known.message] = translations[known.code] ?? []
  return code === undefined ? known : new ApiError(code, { message, headers: known.headers, cause: error })
}

/** S3 names the service in such a code, the service itself does not: `KMS.NotFoundException`. */
export const nameOfError = (code: ErrorCode): string => code.replace(/^KMS\./, '')
