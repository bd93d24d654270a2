/** Bodies of forms and scripts. */
import type { IncomingMessage } from 'node:http'
import type { ZodType } from 'zod'
import { parseJson } from '#http/parse-json.ts'
import { readBody } from '#http/read-body.ts'
import { limits } from '#model/limits.ts'

export function isFormRequest({ headers }: IncomingMessage): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
}

export async function readForm(message: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams((await readBody(message, limits.documentBytes)).toString())
}

/** InvalidRequest, which names each mistake. */
export async function readJson<T>(message: IncomingMessage, schema: ZodType<T>): Promise<T> {
  return parseJson(await readBody(message, limits.documentBytes), schema)
}
