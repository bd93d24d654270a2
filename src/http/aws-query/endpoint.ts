/**
 * AWS's Query protocol: read the form → service by version → operation by Action → answer in XML. Services authenticate
 * and authorize.
 */
import type { IncomingMessage } from 'node:http'
import {
  createServiceHandler,
  type Exchange,
  type Handler,
  type ServiceOptions,
  serviceRequest,
} from '#http/aws-service/serve.ts'
import { formatXml, type XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { asQueryError } from './errors.ts'
import { QueryParams } from './params.ts'
import type { QueryRequest, QueryService } from './service.ts'

interface QueryExchange extends Exchange {
  service: QueryService | undefined
}

export function createQueryEndpoint(services: readonly QueryService[], options: ServiceOptions): Handler {
  const [fallback] = services
  if (fallback === undefined) throw new Error('No service')

  async function answer(message: IncomingMessage, body: Buffer, exchange: QueryExchange): Promise<string> {
    const params = readParams(message, body)
    const service = serviceOf(services, params, message)
    const action = params.get('Action')?.slice(0, 128) ?? ''
    exchange.service = service
    exchange.operation = `${service.name}:${action}`
    const run = service.find(action)
    if (run === undefined) {
      throw new ApiError(action === '' ? 'MissingAction' : 'InvalidAction', {
        message: `Could not find operation ${action} for version ${service.version}`,
      })
    }
    const request = queryRequest(exchange, message, params)
    exchange.request = request
    return formatAnswer(service, action, exchange.id, await run(request))
  }

  const protocol = {
    contentType: 'text/xml',
    begin: (exchange: Exchange): QueryExchange => ({ ...exchange, service: undefined }),
    answer,
    shown: asQueryError,
    formatError: (error: ApiError, { id, service }: QueryExchange) =>
      formatError(error, id, (service ?? fallback).namespace),
    recorded: (form: Buffer) => ({ form }),
  }
  return createServiceHandler(protocol, options)
}

function readParams({ url = '' }: IncomingMessage, body: Buffer): ReadonlyMap<string, string> {
  const at = url.indexOf('?')
  const params = new Map<string, string>()
  for (const text of [at === -1 ? '' : url.slice(at + 1), body.toString()]) {
    for (const [name, value] of new URLSearchParams(text)) params.set(name, value)
  }
  return params
}

function serviceOf(
  services: readonly QueryService[],
  params: ReadonlyMap<string, string>,
  { headers }: IncomingMessage,
): QueryService {
  const version = params.get('Version')
  const byVersion = services.find((service) => service.version === version)
  if (byVersion !== undefined) return byVersion
  const byScope = services.find(({ name }) => headers.authorization?.includes(`/${name}/aws4_request`) === true)
  if (byScope !== undefined && version === undefined) return byScope
  throw new ApiError('InvalidAction', {
    message: `Could not find operation ${params.get('Action') ?? ''} for version ${version ?? 'NO_VERSION_SPECIFIED'}`,
  })
}

function queryRequest(exchange: Exchange, message: IncomingMessage, params: ReadonlyMap<string, string>): QueryRequest {
  const read = new QueryParams(params)
  const tags = read.structures('Tags').map((tag) => [tag.find('Key') ?? '', tag.find('Value') ?? ''] as const)
  return { ...serviceRequest(exchange, message, Object.fromEntries(tags)), params: read }
}

function formatAnswer({ namespace }: QueryService, operation: string, id: string, result: XmlTree | undefined): string {
  const content = {
    ...(result === undefined ? {} : { [`${operation}Result`]: result }),
    ResponseMetadata: { RequestId: id },
  }
  return formatXml({ root: `${operation}Response`, content }, { namespace })
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
function formatError(error: ApiError, id: string, namespace: string): string {
  const type = error.status < 500 ? 'Sender' : 'Receiver'
  const content = {
    Error: { Type: type, Code: error.code, Message: error.message, ...error.fields },
    RequestId: id,
  }
  return formatXml({ root: 'ErrorResponse', content }, { namespace })
}
