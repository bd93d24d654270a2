/**
 * The canonical request of Signature Version 4, from the request as received.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { awsEncode, pathDecode, queryDecode } from '#lib/text/uri.ts'
import type { V4Credentials } from './credentials.ts'
import type { SignableRequest } from './request.ts'

export interface SignedRequest {
  readonly request: SignableRequest
  readonly credentials: V4Credentials
  /** Whether a header was repeated: then `headers` differs from what was signed. */
  readonly hasRepeats: boolean
}

export function canonicalRequest(signed: SignedRequest, payloadHash: string): string {
  const { path, query } = split(signed.request.target)
  return assemble(signed, payloadHash, signed.request.headers.host ?? '', encodeOnce(path), query)
}

/**
 * Other spellings of the same request that signers use: the path as received, and hosts that a proxy may have
 * rewritten. `hosts` must address the same bucket as the received host.
 */
export function otherSpellings(signed: SignedRequest, payloadHash: string, hosts: readonly string[]): string[] {
  const { path, query } = split(signed.request.target)
  const received = signed.request.headers.host ?? ''
  // A `+` in the received path could mean a plus, although it is served as a space: S3 accepts neither.
  const paths = path.includes('+') ? [encodeOnce(path)] : [...new Set([encodeOnce(path), path])]
  const [, ...others] = [received, ...hosts].flatMap((host) =>
    paths.map((one) => assemble(signed, payloadHash, host, one, query)),
  )
  return others
}

function split(target: string): { path: string; query: string } {
  const at = target.indexOf('?')
  if (at === -1) return { path: target, query: '' }
  return { path: target.slice(0, at), query: canonicalQuery(target.slice(at + 1)) }
}

function assemble(signed: SignedRequest, payloadHash: string, host: string, path: string, query: string): string {
  const { signedHeaders, signedHeaderList } = signed.credentials
  let headers = ''
  for (const name of signedHeaders) headers += `${name}:${name === 'host' ? host : headerValue(signed, name)}\n`
  return `${signed.request.method}\n${path}\n${query}\n${headers}\n${signedHeaderList}\n${payloadHash}`
}

/** Repeated headers are joined by commas; runs of spaces count as one. */
function headerValue({ request, hasRepeats }: SignedRequest, name: string): string {
  const value = request.headers[name]
  if (value === undefined) return ''
  const text = hasRepeats || typeof value !== 'string' ? joinRepeats(request.rawHeaders, name) : value
  return text.includes('  ') ? text.trim().replace(/ +/g, ' ') : text.trim()
}

function joinRepeats(rawHeaders: readonly string[], name: string): string {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push((rawHeaders[i + 1] ?? '').trim())
  }
  return values.join(',')
}

/**
 * The path with every byte outside the unreserved set and `/` percent-encoded exactly once. It is decoded like the key:
 * otherwise a signature for one key would be valid for another.
 */
export function encodeOnce(path: string): string {
  if (!/[^A-Za-z0-9\-._~/]/.test(path)) return path
  let decoded: string
  try {
    decoded = pathDecode(path)
  } catch {
    return path
  }
  return awsEncode(decoded, { keepSlash: true })
}

/** Sorted by name and value, each encoded once. The signature of a presigned URL is left out. */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = recode(equals === -1 ? part : part.slice(0, equals))
    if (name !== 'X-Amz-Signature') pairs.push([name, equals === -1 ? '' : recode(part.slice(equals + 1))])
  }
  if (pairs.length > 1) pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function recode(part: string): string {
  if (!/[^A-Za-z0-9\-._~]/.test(part)) return part
  try {
    return awsEncode(queryDecode(part))
  } catch {
    return part
  }
}
