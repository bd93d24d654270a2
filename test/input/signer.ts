/**
 * Signature Version 4 as a client makes it, written independently of the server's, so that both would need the same
 * mistake. It can sign other values than it sends and leave headers unsigned.
 */
import { createHash, createHmac } from 'node:crypto'
import type { HeaderLines, WireRequest } from './wire.ts'

export interface SigningOptions {
  readonly accessKeyId: string
  readonly secret: string
  readonly nowMs?: number
  readonly region?: string
  readonly service?: string
  /** The value of x-amz-content-sha256; the hash of the body unless given. */
  readonly payload?: string
  /** Headers that are sent but not signed, in lower case. */
  readonly unsigned?: readonly string[]
}

export interface Signed extends WireRequest {
  readonly signature: string
  /** The chain for signing further chunks. */
  readonly chain: Chain
}

export interface Chain {
  readonly key: Buffer
  readonly timestamp: string
  readonly scope: string
}

const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()
export const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')

export function signHeaders(request: WireRequest, options: SigningOptions): Signed {
  const chain = chainOf(options)
  const payload = options.payload ?? sha256(request.body ?? '')
  const headers = [
    ...request.headers,
    ['x-amz-date', chain.timestamp],
    ['x-amz-content-sha256', payload],
  ] satisfies HeaderLines
  const [path = '', query = ''] = cut(request.target, '?')
  const names = signedNames(headers, options.unsigned)
  const canonical = canonicalRequest(request.method, path, query, headers, names, payload)
  const signature = signText(chain, 'AWS4-HMAC-SHA256', sha256(canonical))
  const authorization = `AWS4-HMAC-SHA256 Credential=${options.accessKeyId}/${chain.scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...request, headers: [...headers, ['Authorization', authorization]], signature, chain }
}

/** Adds the six parameters of a presigned URL. */
export function signQuery(request: WireRequest, options: SigningOptions & { readonly expires?: string }): Signed {
  const chain = chainOf(options)
  const [path = '', query = ''] = cut(request.target, '?')
  const names = signedNames(request.headers, options.unsigned)
  const parameters = [
    ...(query === '' ? [] : [query]),
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${options.accessKeyId}/${chain.scope}`)}`,
    `X-Amz-Date=${chain.timestamp}`,
    `X-Amz-Expires=${options.expires ?? '900'}`,
    `X-Amz-SignedHeaders=${encodeURIComponent(names.join(';'))}`,
  ].join('&')
  const payload = options.payload ?? 'UNSIGNED-PAYLOAD'
  const canonical = canonicalRequest(request.method, path, parameters, request.headers, names, payload)
  const signature = signText(chain, 'AWS4-HMAC-SHA256', sha256(canonical))
  return { ...request, target: `${path}?${parameters}&X-Amz-Signature=${signature}`, signature, chain }
}

export function signText({ key, timestamp, scope }: Chain, label: string, ...rest: readonly string[]): string {
  return hmac(key, [label, timestamp, scope, ...rest].join('\n')).toString('hex')
}

function chainOf({ secret, nowMs = Date.now(), region = 'us-east-1', service = 's3' }: SigningOptions): Chain {
  const timestamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = timestamp.slice(0, 8)
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`))
  return { key, timestamp, scope: `${day}/${region}/${service}/aws4_request` }
}

function signedNames(headers: HeaderLines, unsigned: readonly string[] = []): string[] {
  return [...new Set(headers.map(([name]) => name.toLowerCase()))].filter((name) => !unsigned.includes(name)).sort()
}

function canonicalRequest(
  method: string,
  path: string,
  query: string,
  headers: HeaderLines,
  names: readonly string[],
  payload: string,
): string {
  const values = (wanted: string) =>
    headers
      .filter(([name]) => name.toLowerCase() === wanted)
      .map(([, value]) => value.trim().replace(/ +/g, ' '))
      .join(',')
  const lines = names.map((name) => `${name}:${values(name)}\n`).join('')
  return [method, path, canonicalQuery(query), lines, names.join(';'), payload].join('\n')
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => cut(part, '=').map(recode))
    .map(([name, value = '']) => `${name}=${value}`)
    .sort((a, b) => (a.replace('=', '\u0000') < b.replace('=', '\u0000') ? -1 : 1))
    .join('&')
}

function recode(part: string): string {
  try {
    return encode(decodeURIComponent(part.replaceAll('+', '%20')))
  } catch {
    return part
  }
}

/** Everything but the unreserved characters, and the slashes of a path. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

export const encodeKey = (key: string) => key.split('/').map(encode).join('/')

function cut(text: string, at: string): string[] {
  const index = text.indexOf(at)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}
