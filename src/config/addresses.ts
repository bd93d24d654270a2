/** Settings with addresses. */
import * as z from 'zod'
import { isIpRange } from '#lib/net/ip-range.ts'
import { isBucketName } from '#model/bucket/bucket.ts'
import { nameIn, type WebsiteDomain } from '#model/bucket/website-host.ts'
import { list } from './schemas.ts'

export const ipRanges: z.ZodType<string[], string> = list.pipe(z.array(z.string().refine(isIpRange)))

/** The address of a server, or of a path on it. */
export const baseUrl: z.ZodType<string, string> = z.string().refine((url) => {
  if (!URL.canParse(url)) return false
  const { protocol, search, hash, username, password, pathname } = new URL(url)
  const hasOnlyPath = `${search}${hash}${username}${password}` === ''
  return /^https?:$/.test(protocol) && hasOnlyPath && /^[\w./~-]*$/.test(pathname) && !pathname.includes('//')
})

/** Without a path, since a signature covers it and S3 clients cannot be told that a proxy removes a part of it. */
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

/** Which of `hosts` the websites would take over, so that pages of buckets ran there. */
export function hostsOfWebsites(domains: readonly WebsiteDomain[], hosts: readonly string[]): string[] {
  const reaches =
    (host: string) =>
    ({ domain, isWildcard }: WebsiteDomain) =>
      host === domain || (isWildcard && host.endsWith(`.${domain}`))
  return [...new Set(hosts.map(nameIn))].filter((host) => domains.some(reaches(host)))
}

const oneOrigin = /^(\*|local|null|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i

/** Of web pages. `none` alone: no page, which an empty value cannot say, since it counts as not given. */
export const origins: z.ZodType<string[], string> = list
  .transform((items) => (items.length === 1 && items[0]?.toLowerCase() === 'none' ? [] : items))
  .pipe(z.array(z.string().regex(oneOrigin)))
