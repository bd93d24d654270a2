/** What a refusal of the source means: whether a retry makes sense, and a short reason. */
import { NotTheDocument } from './sdk-client.ts'
import type { Refusal } from './source.ts'

interface Answered {
  readonly name: string
  readonly message: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const isAnswered = (error: unknown): error is Answered => error instanceof Error && '$metadata' in error

export const statusOf = (error: unknown): number | undefined =>
  isAnswered(error) ? error.$metadata?.httpStatusCode : undefined

/** Throws the error again if it is no answer: the source cannot be reached. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof NotTheDocument) return { reason: error.message, isUnserved: true }
  const status = statusOf(error)
  if (status === undefined || status >= 600) throw error
  return { reason: reasonOf(error), isUnserved: status === 501 || status === 405 }
}

/** Leaves out the request, which may contain a signature. */
export function reasonOf(error: unknown): string {
  if (!isAnswered(error)) return error instanceof Error ? error.message : String(error)
  const { name, message } = error
  const isSaid = message !== '' && message !== 'UnknownError' && message !== name
  return isSaid ? `${name}: ${message}` : name
}
