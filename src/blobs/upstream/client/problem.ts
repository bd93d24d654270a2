/** Errors of the upstream in our own words: errors of the SDK contain the request with its signature. */
import { ApiError } from '#model/errors.ts'

const retryAfterSeconds = 5

/** The upstream does not answer as expected. This may pass: clients retry. */
export const slowDown = (cause: Error): ApiError =>
  new ApiError('SlowDown', { headers: { 'retry-after': String(retryAfterSeconds) }, cause })

/** The upstream has no such object, or no such bucket. */
export class UpstreamMissing extends Error {
  override readonly name = 'UpstreamMissing'
}

/** The object upstream is not the one that was stored. A retry gives the same. */
export class UpstreamChanged extends Error {
  override readonly name = 'UpstreamChanged'
}

/** An error of the upstream or on the way to it. */
export class UpstreamProblem extends Error {
  override readonly name = 'UpstreamProblem'
  /** The status of its answer; undefined: there was no answer. */
  readonly status: number | undefined
  /** The error code of S3 or of the system. */
  readonly code: string

  constructor(what: string, { status, code, message }: Described) {
    super(
      `${what}: ${[code, message].filter((part) => part !== '').join(': ')}${status === undefined ? '' : ` (HTTP status ${status})`}`,
    )
    this.status = status
    this.code = code
  }
}

interface Described {
  readonly status: number | undefined
  readonly code: string
  readonly message: string
}

interface SdkError extends Error {
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
}

export function describe(error: unknown): Described {
  if (!(error instanceof Error)) return { status: undefined, code: '', message: String(error) }
  const { name, message, code, $metadata } = error as SdkError
  // A host with several addresses has an error for each.
  if (error instanceof AggregateError && message === '' && error.errors.length > 0) return describe(error.errors[0])
  return {
    status: $metadata?.httpStatusCode,
    code: typeof code === 'string' ? code : name === 'Error' ? '' : name,
    message: message.slice(0, 300),
  }
}

const ownErrors = [UpstreamMissing, UpstreamChanged, UpstreamProblem, ApiError]

/** `what`: what was tried. */
export function asProblem(what: string, error: unknown): Error {
  if (ownErrors.some((one) => error instanceof one)) return error as Error
  const described = describe(error)
  const { status, code } = described
  if (code === 'NoSuchKey' || (status === 404 && code !== 'NoSuchBucket')) return new UpstreamMissing(what)
  // Ranges end where the stored bytes end.
  if (status === 416) return new UpstreamChanged(`${what}: it is shorter than what was stored`)
  return new UpstreamProblem(what, described)
}
