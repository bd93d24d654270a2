/** Settings that are addresses. */
import * as z from 'zod'
import { isIpRange } from '#lib/net/ip-range.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { nameIn, type WebsiteDomain } from '#model/bucket/website/website-host.ts'
import { parameter, readParameters } from './parameters.ts'
import { address, list, matching, onOff, wholeNumber } from './schemas.ts'

export const ipRanges: z.ZodType<string[], string> = list.pipe(z.array(z.string().refine(isIpRange)))

/** The URL of a server, or of a path on it. */
export const baseUrl: z.ZodType<string, string> = z.string().refine((url) => {
  if (!URL.canParse(url)) return false
  const { protocol, search, hash, username, password, pathname } = new URL(url)
  const hasOnlyPath = `${search}${hash}${username}${password}` === ''
  return /^https?:$/.test(protocol) && hasOnlyPath && /^[\w./~-]*$/.test(pathname) && !pathname.includes('//')
})

/** Without a path: a signature covers the path, and S3 clients do not know that a proxy removes a part of it. */
export const origin: z.ZodType<string, string> = baseUrl.refine(
  (url) => URL.canParse(url) && new URL(url).pathname === '/',
)

export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i.test(host)
}

/** `www.example.com=bucket`, `www.example.com`, `*.example.com`. */
export const websiteDomains: z.ZodType<WebsiteDomain[], string> = list
  .pipe(z.array(z.string().refine((item) => parseWebsiteDomain(item) !== undefined)))
  .transform((items) => items.flatMap((item) => parseWebsiteDomain(item) ?? []))

function parseWebsiteDomain(item: string): WebsiteDomain | undefined {
  const [, star, domain = '', bucketName] = /^(\*\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:=(.+))?$/i.exec(item) ?? []
  const isWildcard = star !== undefined
  const isAddress = /\.\d+$/.test(domain)
  const names = isWildcard ? bucketName === undefined : isBucketName(bucketName ?? domain.toLowerCase())
  if (domain === '' || isAddress || !names) return undefined
  return { domain: domain.toLowerCase(), isWildcard, ...(bucketName !== undefined && { bucketName }) }
}

/** Those of `hosts` that the websites would serve, so that pages of buckets would run there. */
export function hostsOfWebsites(domains: readonly WebsiteDomain[], hosts: readonly string[]): string[] {
  const reaches =
    (host: string) =>
    ({ domain, isWildcard }: WebsiteDomain) =>
      host === domain || (isWildcard && host.endsWith(`.${domain}`))
  return [...new Set(hosts.map(nameIn))].filter((host) => domains.some(reaches(host)))
}

const oneOrigin = /^(\*|local|null|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i

/** Origins of web pages. `none` alone means no page, since an empty value counts as not given. */
export const origins: z.ZodType<string[], string> = list
  .transform((items) => (items.length === 1 && items[0]?.toLowerCase() === 'none' ? [] : items))
  .pipe(z.array(z.string().regex(oneOrigin)))

/** BLOBS_URL: an S3 bucket, a prefix in it, and the parameters of its server. */
export interface UpstreamAddress {
  readonly bucket: string
  /** Empty, or ends with a slash. */
  readonly prefix: string
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly isPathStyle: boolean
  readonly timeoutMs: number
}

/** `s3://bucket/prefix?endpoint=https://host&region=r&path-style=on&timeout=30`. */
export const upstreamAddress: z.ZodType<UpstreamAddress, string> = address(parseUpstream)

/** On by default where there is an endpoint. */
export const pathStyle = parameter(onOff.optional(), 'on or off')

const upstreamParameters = {
  endpoint: parameter(origin.optional(), 'an http or https address without a path and without credentials'),
  region: parameter(matching(/^[a-z0-9-]{1,63}$/).optional(), 'small letters, digits or hyphens'),
  'path-style': pathStyle,
  timeout: parameter(wholeNumber(1, 600).default(30), 'a whole number of seconds from 1 to 600'),
}

function parseUpstream(text: string, mistakes: string[]): UpstreamAddress | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, username, password, port, hash, hostname: bucket, pathname, search } = new URL(text)
  if (protocol !== 's3:') return undefined
  if (`${username}${password}` !== '') {
    mistakes.push('cannot have credentials: give BLOBS_ACCESS_KEY_ID and BLOBS_SECRET_ACCESS_KEY.')
    return undefined
  }
  const path = pathname.replace(/^\/|\/$/g, '')
  const isPlain = `${port}${hash}` === '' && /^[\w./-]*$/.test(path)
  const hasGoodPath = !path.split('/').some((part) => part === '.' || part === '..') && !path.includes('//')
  if (!isPlain || !hasGoodPath || !isBucketName(bucket)) return undefined
  const given = readParameters(search, upstreamParameters, mistakes)
  if (given === undefined) return undefined
  const { endpoint, region, 'path-style': isPathStyle = endpoint !== undefined, timeout } = given
  const prefix = path === '' ? '' : `${path}/`
  return { bucket, prefix, endpoint, region, isPathStyle, timeoutMs: timeout * 1000 }
}
