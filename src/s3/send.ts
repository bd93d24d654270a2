/** Sends an S3Response: one head, one body. Everything that an operation opened is closed here, in every case. */
import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import { endTogether } from '#http/server/end-together.ts'
import { type Head, isStretch, sendStretch } from '#http/server/send-stretch.ts'
import { formatXml } from '#lib/text/xml.ts'
import { limits } from '#model/limits.ts'
import type { S3Response, XmlDocument } from './operation.ts'

export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Resolves to the number of body bytes written. Rejects if the client closes the connection. */
export async function send(
  response: ServerResponse,
  method: string,
  answer: S3Response,
  commonHeaders: Readonly<Record<string, string>>,
): Promise<number> {
  const { body } = answer
  const head = { status: answer.status ?? 200, headers: listHeaders(commonHeaders, answer.headers ?? noHeaders) }
  if (isStretch(body)) return sendStretch(response, method, head, body)
  return sendWhole(response, method, head, answer.headers ?? noHeaders, body)
}

type Named = Readonly<Record<string, string>>

const noHeaders: Named = {}

function listHeaders(common: Named, own: Named): OutgoingHttpHeader[] {
  const list: OutgoingHttpHeader[] = []
  for (const name in common) if (own[name] === undefined) list.push(name, common[name] ?? '')
  for (const name in own) list.push(name, own[name] ?? '')
  return list
}

function sendWhole(
  response: ServerResponse,
  method: string,
  { status, headers }: Head,
  own: Named,
  body: string | XmlDocument | Buffer | undefined,
): number {
  let bytes: string | Buffer | undefined
  if (typeof body === 'string' || Buffer.isBuffer(body)) bytes = body
  else if (body !== undefined) {
    bytes = formatXml(body, { namespace: s3Namespace })
    if (own['content-type'] === undefined) headers.push('content-type', 'application/xml')
  }
  const sizeBytes = typeof bytes === 'string' ? Buffer.byteLength(bytes) : (bytes?.length ?? 0)
  const hasNoBody = status === 204 || status === 304
  if (!hasNoBody && own['content-length'] === undefined) headers.push('content-length', sizeBytes)
  response.writeHead(status, headers)
  const sent = hasNoBody || method === 'HEAD' ? undefined : bytes
  const isSmallRead = (method === 'GET' || method === 'HEAD') && sizeBytes <= limits.inlineBytes
  if (isSmallRead) endTogether(response, sent)
  else response.end(sent)
  return sent === undefined ? 0 : sizeBytes
}
