/**
 * The targets of a website's redirects.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
 */
import { awsEncode } from '#lib/text/uri.ts'
import type { RedirectAll, RoutingRule } from './website.ts'

/** The URL that a visitor requested. */
export interface VisitedAddress {
  readonly scheme: 'http' | 'https'
  readonly host: string
  /** Path and query as sent; the query with its `?`, '' if there is none. */
  readonly path: string
  readonly query: string
  /** The path, decoded. */
  readonly key: string
}

/** Path and query stay as the visitor sent them. */
export function locationOfAll({ hostName, protocol }: RedirectAll, { scheme, path, query }: VisitedAddress): string {
  return `${protocol ?? scheme}://${hostName}${path}${query}`
}

export function locationOfRule(rule: RoutingRule, { scheme, host, key, query }: VisitedAddress): string {
  const { protocol = scheme, hostName = host } = rule.redirect
  return `${protocol}://${hostName}/${pathOfRule(rule, key)}${query}`
}

function pathOfRule({ condition, redirect: { replaceKey, replaceKeyPrefix } }: RoutingRule, key: string): string {
  if (replaceKey !== undefined) return encodeWritten(replaceKey)
  if (replaceKeyPrefix === undefined) return encodeKey(key)
  return encodeWritten(replaceKeyPrefix) + encodeKey(key.slice(condition?.keyPrefix?.length ?? 0))
}

/** The folder of a key without a final slash. A path that starts with two slashes would name a host. */
export function locationOfFolder({ scheme, host, key }: VisitedAddress): string {
  const path = `/${encodeKey(key)}/`
  return path.startsWith('//') ? `${scheme}://${host}${path}` : path
}

const encodeKey = (key: string): string => awsEncode(key, { keepSlash: true })

/**
 * The text of a rule may contain more than a path: `#!/` is common for pages that route by fragment. The slash before
 * it is already there, and some readers would take two slashes as the beginning of a host name.
 */
function encodeWritten(text: string): string {
  const encoded = encodeURI(text.toWellFormed()).replace(/%25([0-9a-f]{2})/gi, '%$1')
  return encoded.replace(/^\/+/, '')
}
