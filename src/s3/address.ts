/**
 * What a request addresses, from its raw target and Host: the one place that makes the canonical key.
 * The key is decoded once and kept verbatim: leading and doubled slashes and `..` are part of it.
 */
import { isIP } from 'node:net'
import { percentDecode, queryDecode } from '#lib/uri.ts'
import { ApiError } from '#model/errors.ts'

export interface Address {
  /** '' when the service itself is addressed. */
  readonly bucketName: string
  readonly key: string
  /** Decoded; the first value where a name is repeated; '' for a bare name. */
  readonly query: ReadonlyMap<string, string>
  /** Whether the host names the bucket, and not the path. */
  readonly isVirtualHosted: boolean
}

export type AddressKind = 'service' | 'bucket' | 'object'

export function kindOf(address: Address): AddressKind {
  if (address.key !== '') return 'object'
  return address.bucketName === '' ? 'service' : 'bucket'
}

const noQuery: ReadonlyMap<string, string> = new Map()

/**
 * Reads path style (`/bucket/key`) and, under each of these domains and `localhost`, virtual-host style (`bucket.domain/key`).
 * InvalidURI for anything that does not decode.
 */
export function createAddressReader(domains: readonly string[]): (target: string, host: string | undefined) => Address {
  const suffixes = [...new Set(['localhost', ...domains])]
    .filter((domain) => isIP(domain) === 0)
    .map((domain) => `.${domain.toLowerCase()}`)
  return (target, host) => {
    const relative = withoutOrigin(target)
    const mark = relative.indexOf('?')
    const path = mark < 0 ? relative : relative.slice(0, mark)
    const bucketOfHost = host === undefined ? '' : bucketInHost(host, suffixes)
    try {
      const query = mark < 0 ? noQuery : parseQuery(relative.slice(mark + 1))
      if (bucketOfHost !== '') {
        return { bucketName: bucketOfHost, key: percentDecode(path.slice(1)), query, isVirtualHosted: true }
      }
      return pathStyle(path, query)
    } catch (error) {
      if (error instanceof URIError) throw new ApiError('InvalidURI', { fields: { URI: target } })
      throw error
    }
  }
}

function pathStyle(path: string, query: ReadonlyMap<string, string>): Address {
  const slash = path.indexOf('/', 1)
  if (slash < 0) return { bucketName: percentDecode(path.slice(1)), key: '', query, isVirtualHosted: false }
  const bucketName = percentDecode(path.slice(1, slash))
  if (bucketName === '') throw new URIError('A key without a bucket')
  return { bucketName, key: percentDecode(path.slice(slash + 1)), query, isVirtualHosted: false }
}

/** A proxy may send the absolute form of RFC 9112 §3.2.2. */
function withoutOrigin(target: string): string {
  if (target.charCodeAt(0) === slashCode) return target
  const absolute = /^https?:\/\/[^/?]*/i.exec(target)
  if (absolute === null) throw new ApiError('InvalidURI', { fields: { URI: target } })
  const rest = target.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

const slashCode = 0x2f

/** `bucket` of `bucket.domain:port`, else ''. Bucket names may have dots themselves. */
function bucketInHost(host: string, suffixes: readonly string[]): string {
  const colon = host.lastIndexOf(':')
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase()
  let bucket = ''
  for (const suffix of suffixes) {
    // The longest domain wins, so that `a.s3.example.com` is not bucket `a.s3` of `example.com`.
    if (!name.endsWith(suffix)) continue
    const rest = name.slice(0, -suffix.length)
    if (bucket === '' || rest.length < bucket.length) bucket = rest
  }
  return suffixes.includes(`.${name}`) ? '' : bucket
}

function parseQuery(text: string): ReadonlyMap<string, string> {
  if (text === '') return noQuery
  const query = new Map<string, string>()
  for (const piece of text.split('&')) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = queryDecode(equals < 0 ? piece : piece.slice(0, equals))
    if (!query.has(name)) query.set(name, equals < 0 ? '' : queryDecode(piece.slice(equals + 1)))
  }
  return query
}
