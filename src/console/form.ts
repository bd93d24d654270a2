/** Bodies of forms and scripts, bounded. */
import type { IncomingMessage } from 'node:http'
import type { ZodType } from 'zod'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

export function isFormRequest({ headers }: IncomingMessage): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
}

export async function readForm(message: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams((await readText(message)).toString())
}

/** InvalidRequest, naming what is wrong. */
export async function readJson<T>(message: IncomingMessage, schema: ZodType<T>): Promise<T> {
  let value: unknown
  try {
    value = JSON.parse(await readText(message))
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError('InvalidRequest', { message: 'The body must be JSON.' })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const details = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new ApiError('InvalidRequest', { message: details })
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > limits.documentBytes) throw new ApiError('MaxMessageLengthExceeded')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
