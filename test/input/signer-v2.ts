/** Signature Version 2 as boto makes it, written apart from the server's. */
import { createHmac } from 'node:crypto'
import type { HeaderLines } from './wire.ts'

export interface SigningV2 {
  readonly method: string
  /** Path and query, as sent; what the query holds must be in `resource` where it is signed. */
  readonly target: string
  /** The CanonicalizedResource: the path, with the sub-resources that are signed. */
  readonly resource?: string
  readonly headers?: HeaderLines
  readonly accessKeyId?: string
  readonly expires?: number
}

const hmac = (accessKeyId: string, text: string) =>
  createHmac('sha1', `${accessKeyId}-secret`).update(text).digest('base64')

/** The target of a presigned URL. */
export function presignV2({
  method,
  target,
  resource,
  headers = [],
  accessKeyId = 'main',
  expires,
}: SigningV2): string {
  const until = expires ?? Math.floor(Date.now() / 1000) + 900
  const signed = resource ?? target.split('?', 1)[0] ?? ''
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const signature = hmac(accessKeyId, `${method}\n\n${type}\n${until}\n${signed}`)
  const mark = target.includes('?') ? '&' : '?'
  return `${target}${mark}AWSAccessKeyId=${accessKeyId}&Expires=${until}&Signature=${encodeURIComponent(signature)}`
}

/** The headers of a signed request. */
export function signHeadersV2({ method, target, resource, accessKeyId = 'main' }: SigningV2): Record<string, string> {
  const date = new Date().toUTCString()
  const signed = resource ?? target.split('?', 1)[0] ?? ''
  return { date, authorization: `AWS ${accessKeyId}:${hmac(accessKeyId, `${method}\n\n\n${date}\n${signed}`)}` }
}
