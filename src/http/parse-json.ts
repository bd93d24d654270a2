import type { ZodType } from 'zod'
import { ApiError } from '#model/errors.ts'

/** Parses a JSON body by its schema. InvalidRequest, which names each mistake. An empty body counts as `{}`. */
export function parseJson<T>(body: Buffer, schema: ZodType<T>): T {
  let value: unknown
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString())
  } catch {
    throw new ApiError('InvalidRequest', { message: 'The body must be a JSON object.' })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new ApiError('InvalidRequest', { message: mistakes.join('; ') })
}
