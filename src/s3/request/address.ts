/**
 * The address of a request, from its raw target and Host. This is the only place that makes the canonical key, which is
 * decoded once and then unchanged: leading and doubled slashes and `..` are part of it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { pathDecode, queryPairs, splitTarget } from '#lib/text/uri.ts'
import { createBucketHostReader } from '#model/bucket/bucket-host.ts'
import { ApiError } from '#model/errors.ts'

export interface Address {
  /** '' for requests to the service itself. */
  readonly bucketName: string
  readonly key: string
  /** Decoded; the first value where a name is repeated; '' for a bare name. */
  readonly query: ReadonlyMap<string, string>
  /** Whether the host names the bucket, instead of the path. */
  readonly isVirtualHosted: boolean
  /** A request of S3 Control about the tags of the bucket. */
  readonly isOfTags?: true
}

export type AddressKind = 'service' | 'bucket' | 'object' | 'tags'

export function kindOf(address: Address): AddressKind {
  if (address.isOfTags) return 'tags'
  if (address.key !== '') return 'object'
  return address.bucketName === '' ? 'service' : 'bucket'
}

const noQuery: ReadonlyMap<string, string> = new Map()

/**
 * Reads path style (`/bucket/key`) and, under each of these domains and `localhost`, virtual-host style
 * (`bucket.domain/key`). InvalidURI for anything that does not decode.
 */
export function createAddressReader(domains: readonly string[]): (target: string, host: string | undefined) => Address {
  const bucketInHost = createBucketHostReader(domains)
  return (target, host) => {
    const relative = withoutOrigin(target)
    const mark = relative.indexOf('?')
    const path = mark < 0 ? relative : relative.slice(0, mark)
    const bucketOfHost = bucketInHost(host)
    try {
      const query = mark < 0 ? noQuery : parseQuery(relative.slice(mark + 1))
      if (bucketOfHost !== '') {
        return { bucketName: bucketOfHost, key: pathDecode(path.slice(1)), query, isVirtualHosted: true }
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
  if (slash < 0) return { bucketName: pathDecode(path.slice(1)), key: '', query, isVirtualHosted: false }
  const bucketName = pathDecode(path.slice(1, slash))
  if (bucketName === '') throw new URIError('A key without a bucket')
  return { bucketName, key: pathDecode(path.slice(slash + 1)), query, isVirtualHosted: false }
}

const tagsPath = '/v20180820/tags/'

/**
 * The address `/v20180820/tags/{arn}` of S3 Control, if the request names an account in a header; undefined for all
 * others. The bucket is '' if the ARN is not of a bucket.
 */
export function readTagsAddress(target: string, headers: IncomingHttpHeaders): Address | undefined {
  if (headers['x-amz-account-id'] === undefined) return undefined
  const { path, query } = splitTarget(withoutOrigin(target))
  if (!path.startsWith(tagsPath)) return undefined
  try {
    const [, bucketName = ''] = /^arn:aws:s3:::([^/:]+)$/.exec(pathDecode(path.slice(tagsPath.length))) ?? []
    return { bucketName, key: '', query: parseQuery(query), isVirtualHosted: false, isOfTags: true }
  } catch (error) {
    if (error instanceof URIError) throw new ApiError('InvalidURI', { fields: { URI: target } })
    throw error
  }
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

function parseQuery(text: string): ReadonlyMap<string, string> {
  if (text === '') return noQuery
  const query = new Map<string, string>()
  for (const [name, value = ''] of queryPairs(text)) if (!query.has(name)) query.set(name, value)
  return query
}
