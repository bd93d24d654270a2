/** Puts an S3Response on the wire: one head, one body. Everything an operation opened is closed here, whatever happens. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { sendStretch } from '#blobs/egress.ts'
import { formatXml } from '#lib/xml.ts'
import type { FileStretch } from '#store/contract.ts'
import type { MultipartRanges, ResponseBody, S3Response, XmlDocument } from './operation.ts'

export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Resolves to the number of body bytes handed to the connection. Rejects if the client goes away. */
export async function send(
  response: ServerResponse,
  method: string,
  answer: S3Response,
  commonHeaders: Readonly<Record<string, string>>,
): Promise<number> {
  const { body } = answer
  const status = answer.status ?? 200
  if (isStretch(body)) return sendStretched(response, method, status, { ...commonHeaders, ...answer.headers }, body)
  if (isMultipart(body)) return sendMultipart(response, method, status, { ...commonHeaders, ...answer.headers }, body)
  return sendWhole(response, method, status, { ...commonHeaders, ...answer.headers }, body)
}

function sendWhole(
  response: ServerResponse,
  method: string,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | XmlDocument | Buffer | undefined,
): number {
  let bytes: string | Buffer | undefined
  if (typeof body === 'string' || Buffer.isBuffer(body)) bytes = body
  else if (body !== undefined) {
    bytes = formatXml(body, { namespace: s3Namespace })
    headers['content-type'] ??= 'application/xml'
  }
  const sizeBytes = typeof bytes === 'string' ? Buffer.byteLength(bytes) : (bytes?.length ?? 0)
  const hasNoBody = status === 204 || status === 304
  if (!hasNoBody) headers['content-length'] ??= sizeBytes
  response.writeHead(status, headers)
  if (bytes === undefined || hasNoBody || method === 'HEAD') {
    response.end()
    return 0
  }
  response.end(bytes)
  return sizeBytes
}

async function sendStretched(
  response: ServerResponse,
  method: string,
  status: number,
  headers: OutgoingHttpHeaders,
  stretch: FileStretch,
): Promise<number> {
  try {
    const sizeBytes = stretch.end - stretch.start
    headers['content-length'] = sizeBytes
    response.writeHead(status, headers)
    if (method !== 'HEAD') await sendStretch(response, stretch)
    response.end()
    return method === 'HEAD' ? 0 : sizeBytes
  } finally {
    stretch.close()
  }
}

async function sendMultipart(
  response: ServerResponse,
  method: string,
  status: number,
  headers: OutgoingHttpHeaders,
  body: MultipartRanges,
): Promise<number> {
  try {
    const sizeBytes = multipartLength(body)
    headers['content-length'] = sizeBytes
    response.writeHead(status, headers)
    if (method === 'HEAD') {
      response.end()
      return 0
    }
    for (const { head, content } of body.pieces) {
      response.write(head)
      if (Buffer.isBuffer(content)) response.write(content)
      else await sendStretch(response, content)
    }
    response.end(body.tail)
    return sizeBytes
  } finally {
    for (const { content } of body.pieces) if (!Buffer.isBuffer(content)) content.close()
  }
}

function multipartLength(body: MultipartRanges): number {
  let sizeBytes = Buffer.byteLength(body.tail)
  for (const { head, content } of body.pieces) {
    sizeBytes += Buffer.byteLength(head) + (Buffer.isBuffer(content) ? content.length : content.end - content.start)
  }
  return sizeBytes
}

function isStretch(body: ResponseBody | undefined): body is FileStretch {
  return typeof body === 'object' && 'fd' in body
}

function isMultipart(body: ResponseBody | undefined): body is MultipartRanges {
  return typeof body === 'object' && 'pieces' in body
}
