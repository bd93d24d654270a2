/** Answers a request before any service has seen it, in the format that its client reads. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { formatXml } from '#lib/text/xml.ts'
import type { ApiError } from '#model/errors.ts'

/** `protocol`: S3's, or that of IAM and STS. */
export function answerRefusal(
  { status, code, message, fields }: ApiError,
  protocol: 's3' | 'query',
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const id = randomUUID()
  const error = { Code: code, Message: message, ...fields }
  const body =
    protocol === 's3'
      ? formatXml({ root: 'Error', content: { ...error, RequestId: id } })
      : formatXml({ root: 'ErrorResponse', content: { Error: { Type: 'Sender', ...error }, RequestId: id } })
  response.writeHead(status, {
    server: 'MyFSIO',
    'content-type': protocol === 's3' ? 'application/xml' : 'text/xml',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    // The rest of the body would be read as the next request.
    ...(request.complete ? {} : { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
