/**
 * AWS's JSON protocol, version 1.1: `POST /` → operation by X-Amz-Target → answer in JSON. Services authenticate and
 * authorize. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import type { IncomingMessage } from 'node:http'
import {
  createServiceHandler,
  type Exchange,
  type Handler,
  type ServiceOptions,
  serviceRequest,
} from '#http/aws-service/serve.ts'
import { ApiError } from '#model/errors.ts'
import { mask, servedDocumentBytes } from '#model/served-request.ts'
import { asJsonError, nameOfError } from './errors.ts'
import { isRecord, JsonInput } from './input.ts'
import type { JsonService } from './service.ts'

export function createJsonEndpoint(service: JsonService, options: ServiceOptions): Handler {
  async function answer(message: IncomingMessage, body: Buffer, exchange: Exchange): Promise<string> {
    const [target, name = ''] = String(message.headers['x-amz-target'] ?? '').split('.')
    exchange.operation = `${service.name}:${name.slice(0, 128)}`
    const run = target === service.target ? service.find(name) : undefined
    if (run === undefined) throw new ApiError('UnknownOperationException')
    const input = parseInput(body)
    const request = { ...serviceRequest(exchange, message, tagsIn(input)), input: new JsonInput(input) }
    exchange.request = request
    const result = await run(request)
    return result === undefined ? '' : JSON.stringify(result)
  }

  const protocol = {
    contentType: 'application/x-amz-json-1.1',
    begin: (exchange: Exchange) => exchange,
    answer,
    shown: (error: unknown) => asJsonError(error, service.internalError),
    formatError: (error: ApiError) => JSON.stringify({ __type: nameOfError(error.code), message: error.message }),
    recorded: (body: Buffer) => ({ document: masked(body) }),
  }
  return createServiceHandler(protocol, options)
}

/** SerializationException. */
function parseInput(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString())
    if (isRecord(value)) return value
  } catch {
    // Handled like any other invalid value.
  }
  throw new ApiError('SerializationException')
}

/** The body with its secrets masked; '' if it is not JSON. */
function masked(body: Buffer): string {
  try {
    const secret = (name: string, value: unknown) => (/^(Plaintext|GrantTokens)$/.test(name) ? mask : value)
    return JSON.stringify(JSON.parse(body.toString()), secret).slice(0, servedDocumentBytes)
  } catch {
    return ''
  }
}

/** Only well-formed tags: conditions are evaluated before the operation checks them. */
function tagsIn({ Tags: tags }: Readonly<Record<string, unknown>>): Record<string, string> {
  if (!Array.isArray(tags)) return {}
  const pairs = tags.filter(isRecord).map(({ TagKey, TagValue }) => [String(TagKey ?? ''), String(TagValue ?? '')])
  return Object.fromEntries(pairs) as Record<string, string>
}
