/** Answers a request that was refused before it reached a service, in the format that its client reads. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { formatXml } from '#lib/text/xml.ts'
import type { ApiError } from '#model/errors.ts'

/** `protocol`: the one of S3, of IAM and STS, or of KMS. */
export function answerRefusal(
  { status, code, message, fields, headers }: ApiError,
  protocol: 's3' | 'query' | 'json',
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const id = randomUUID()
  const error = { Code: code, Message: message, ...fields }
  const bodies = {
    s3: () => formatXml({ root: 'Error', content: { ...error, RequestId: id } }),
    query: () => formatXml({ root: 'ErrorResponse', content: { Error: { Type: 'Sender', ...error }, RequestId: id } }),
    json: () => JSON.stringify({ __type: code, message }),
  }
  const body = bodies[protocol]()
  response.writeHead(status, {
    ...headers,
    server: 'MyFSIO',
    'content-type': contentTypes[protocol],
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    // The rest of the body would be read as the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const contentTypes = { s3: 'application/xml', query: 'text/xml', json: 'application/x-amz-json-1.1' } as const
