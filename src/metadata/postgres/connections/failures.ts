/** What an error of the database means for the caller. */
import { ApiError } from '#model/errors.ts'

/** No answer came or will come. A commit that was sent may or may not have taken effect. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/**
 * `again`: nothing was applied, and a retry on this connection may succeed. `elsewhere`: a retry on another connection.
 * `final`: a retry never succeeds.
 */
export type Failure = 'again' | 'elsewhere' | 'final'

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function failureOf(error: unknown): Failure {
  if (error instanceof ConnectionLost) return 'elsewhere'
  const code = sqlStateOf(error)
  if (code === undefined) return 'final'
  if (serialization.has(code)) return 'again'
  // Lack of locks or memory may pass soon. For a full disk no other connection helps.
  if (code.startsWith('53')) return code === '53300' ? 'elsewhere' : 'again'
  // The server accepts no writes because another server does, or has ended an idle transaction, or stops or starts.
  if (code === '25006' || code === '25P03' || code.startsWith('57P') || code.startsWith('08') || code.startsWith('58'))
    return 'elsewhere'
  return 'final'
}

const serialization = new Set(['40001', '40P01', '55P03'])

/**
 * Whether the commit may have taken effect in spite of the error: for example, the server ends connections while a
 * commit waits for a standby.
 */
export function isOutcomeUnknown(error: unknown): boolean {
  const code = sqlStateOf(error)
  return (
    code === undefined || code.startsWith('57P') || code.startsWith('08') || code.startsWith('58') || code === 'XX000'
  )
}

/** Undefined: the error is not from the database. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The database has no room for the locks of a group. Single commits need few. */
export const hasTooManyLocks = (error: unknown): boolean => sqlStateOf(error) === '53200'

/** The database refuses the user, or the named object does not exist. Waiting does not help. */
export function isRefusal(error: unknown): boolean {
  const code = sqlStateOf(error)
  return code !== undefined && (code.startsWith('28') || code.startsWith('3D') || code.startsWith('42'))
}

/** Clients retry after a 503. */
export const unavailable = (cause?: unknown): ApiError =>
  new ApiError('SlowDown', {
    message: 'The database of the index does not answer. Please try again.',
    headers: { 'retry-after': '2' },
    cause,
  })

/** A lock that was not free in time. */
export const isLockWait = (error: unknown): boolean => sqlStateOf(error) === '55P03'

/** A statement that took too long. */
export const isCancelled = (error: unknown): boolean => sqlStateOf(error) === '57014'

/** The error for the caller, if there is no retry. */
export function asCallersError(error: unknown): unknown {
  if (error instanceof ApiError) return error
  if (failureOf(error) !== 'final' || isCancelled(error)) return unavailable(error)
  return error
}
