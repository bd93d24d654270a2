/** What an error of the database means for the caller. */
import { ApiError } from '#model/errors.ts'

/** No answer came, or none will: a commit on its way may or may not have taken effect. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/**
 * `again`: nothing was applied, and the same may succeed on this connection. `elsewhere`: on another. `final`: it never
 * will.
 */
export type Failure = 'again' | 'elsewhere' | 'final'

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function failureOf(error: unknown): Failure {
  if (error instanceof ConnectionLost) return 'elsewhere'
  const code = sqlStateOf(error)
  if (code === undefined) return 'final'
  if (serialization.has(code)) return 'again'
  // Of too many locks or too little memory there may be less soon; of a full disk there is no other.
  if (code.startsWith('53')) return code === '53300' ? 'elsewhere' : 'again'
  // The server ends, has just started, or takes no writes since another one does.
  if (code === '25006' || code.startsWith('57P') || code.startsWith('08') || code.startsWith('58')) return 'elsewhere'
  return 'final'
}

const serialization = new Set(['40001', '40P01', '55P03'])

/**
 * Whether the commit that ended so may have taken effect: the server ends connections while one waits for a standby,
 * for example.
 */
export function isOutcomeUnknown(error: unknown): boolean {
  const code = sqlStateOf(error)
  return (
    code === undefined || code.startsWith('57P') || code.startsWith('08') || code.startsWith('58') || code === 'XX000'
  )
}

/** Undefined: the error is none of the database. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The database has no room for the locks of many commits at once; one at a time need few. */
export const hasTooManyLocks = (error: unknown): boolean => sqlStateOf(error) === '53200'

/** The database refuses who asks, or does not have what is asked for: this does not pass by waiting. */
export function isRefusal(error: unknown): boolean {
  const code = sqlStateOf(error)
  return code !== undefined && (code.startsWith('28') || code.startsWith('3D') || code.startsWith('42'))
}

/** Clients repeat a 503. */
export const unavailable = (cause?: unknown): ApiError =>
  new ApiError('SlowDown', {
    message: 'The database of the index does not answer. Please try again.',
    headers: { 'retry-after': '2' },
    cause,
  })

/** A statement that took too long. */
export const isCancelled = (error: unknown): boolean => sqlStateOf(error) === '57014'

/** What a caller is told of an error that is not tried again. */
export function asCallersError(error: unknown): unknown {
  if (error instanceof ApiError) return error
  if (failureOf(error) !== 'final' || isCancelled(error)) return unavailable(error)
  return error
}
