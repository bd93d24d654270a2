/**
 * S3's page for an error of a website.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/CustomErrorDocSupport.html
 */
import { STATUS_CODES } from 'node:http'
import { escapeXml } from '#lib/text/xml.ts'
import type { ApiError } from '#model/errors.ts'

export interface ErrorIds {
  readonly requestId: string
  readonly hostId: string
}

/** `documentError`: why the website's own error document could not be sent. */
export function errorPage(error: ApiError, { requestId, hostId }: ErrorIds, documentError?: ApiError): string {
  const title = `${error.status} ${STATUS_CODES[error.status] ?? ''}`.trim()
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<h1>${title}</h1>`,
    ...listOf({ ...partsOf(error), RequestId: requestId, HostId: hostId }),
  ]
  if (documentError !== undefined) {
    lines.push('<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>')
    lines.push(...listOf(partsOf(documentError)))
  }
  return [...lines, '<hr/>', '</body>', '</html>', ''].join('\n')
}

/** The headers in which AWS repeats the error. */
export function errorHeaders({ code, message, headers }: ApiError): Record<string, string> {
  return { ...headers, 'x-amz-error-code': code, 'x-amz-error-message': message.replace(/[^\x20-\x7e]/g, '?') }
}

type Parts = Readonly<Record<string, string | number>>

const partsOf = ({ code, message, fields }: ApiError): Parts => ({ Code: code, Message: message, ...fields })

/** Anyone can choose keys, so they are escaped. */
function listOf(parts: Parts): string[] {
  const items = Object.entries(parts).map(([name, value]) => `<li>${name}: ${escapeXml(String(value))}</li>`)
  return ['<ul>', ...items, '</ul>']
}
