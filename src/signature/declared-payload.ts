/**
 * The declaration of a body that no signature of Version 4 covers. Its framing and hashes are still verified.
 */
import { ApiError } from '#model/errors.ts'
import type { Payload, SignableRequest } from './request.ts'
import { invalidPayload, unsignedPayload } from './v4.ts'

export function declaredPayload({ headers }: SignableRequest): Payload {
  const header = headers['x-amz-content-sha256']
  if (header === undefined || header === unsignedPayload) return { kind: 'unsigned' }
  const value = String(header)
  if (/^[0-9a-fA-F]{64}$/.test(value)) return { kind: 'sha256', hex: value.toLowerCase() }
  if (value === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return { kind: 'unsigned-chunks' }
  if (!value.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')) throw invalidPayload(value)
  throw new ApiError('InvalidRequest', { message: `${value} needs a request signed with AWS4-HMAC-SHA256.` })
}
