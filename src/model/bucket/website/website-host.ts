/**
 * The website that a Host names. It is read before S3 reads the bucket in a Host, and a website's name is never an
 * address of S3: a page of a bucket never has the origin of the API.
 */

/**
 * A domain of websites: `www.example.com=bucket`, `www.example.com` for the bucket of that name, or `*.example.com`.
 */
export interface WebsiteDomain {
  readonly domain: string
  /** Every name below `domain` is the name of a bucket. */
  readonly isWildcard: boolean
  /** If absent, the host is the name of the bucket. */
  readonly bucketName?: string
}

/** The name of the bucket, '' if the host names none; undefined if the host is not a website's. */
export type WebsiteHostReader = (host: string | undefined) => string | undefined

/**
 * Reads the domains in the settings. As on AWS, also reads `<bucket>.s3-website.<domain>`,
 * `<bucket>.s3-website.<region>.<domain>` and `<bucket>.s3-website-<region>.<domain>` under `localhost` and each of
 * `s3Domains`.
 */
export function createWebsiteHostReader(
  websiteDomains: readonly WebsiteDomain[],
  s3Domains: readonly string[],
): WebsiteHostReader {
  const named = new Map(websiteDomains.filter(({ isWildcard }) => !isWildcard).map((one) => [one.domain, one]))
  const wildcards = websiteDomains.filter(({ isWildcard }) => isWildcard).map(({ domain }) => domain)
  // The longest domain wins.
  wildcards.sort((one, other) => other.length - one.length)
  // Most requests have the same Host as the one before.
  let last: { readonly host: string; readonly bucketName: string | undefined } | undefined
  const suffixes = ['localhost', ...s3Domains.map((domain) => nameIn(domain))].map((domain) => `.${domain}`)
  const read = (host: string): string | undefined => {
    const name = nameIn(host)
    const own = named.get(name)
    if (own !== undefined) return own.bucketName ?? name
    const wildcard = wildcards.find((domain) => name === domain || name.endsWith(`.${domain}`))
    if (wildcard !== undefined) return name.slice(0, -wildcard.length).replace(/\.$/, '')
    if (!name.includes('s3-website')) return undefined
    for (const suffix of suffixes) {
      const match = name.endsWith(suffix) ? endpoint.exec(name.slice(0, -suffix.length)) : null
      if (match !== null) return match[1] ?? ''
    }
    return undefined
  }
  return (host) => {
    if (host === undefined) return undefined
    if (last?.host !== host) last = { host, bucketName: read(host) }
    return last.bucketName
  }
}

/** Bucket names may contain dots, and may begin like the endpoint. */
const endpoint = /^(?:(.+)\.)?s3-website(?:[.-][a-z]{2}(?:-[a-z]+)+-\d)?$/

/** Without port and final dot, in lower case. */
export const nameIn = (host: string): string => host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
