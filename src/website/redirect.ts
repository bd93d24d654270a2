/** Where redirects of a website lead. */
import { awsEncode } from '#lib/text/uri.ts'
import type { RedirectAll, RoutingRule } from '#model/bucket/website.ts'
import type { Answer, Visit } from './visit.ts'

const redirect = (location: string, status = 301): Answer => ({ status, headers: { location } })

/** Path and query stay as the visitor sent them. */
export function redirectAll({ hostName, protocol }: RedirectAll, { scheme, path, query }: Visit): Answer {
  return redirect(`${protocol ?? scheme}://${hostName}${path}${query}`)
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html#advanced-conditional-redirects */
export function redirectByRule(rule: RoutingRule, { scheme, host, key, query }: Visit): Answer {
  const { protocol = scheme, hostName = host, code } = rule.redirect
  return redirect(`${protocol}://${hostName}/${pathByRule(rule, key)}${query}`, code)
}

function pathByRule({ condition, redirect: { replaceKey, replaceKeyPrefix } }: RoutingRule, key: string): string {
  if (replaceKey !== undefined) return encodeWritten(replaceKey)
  if (replaceKeyPrefix === undefined) return encodeKey(key)
  return encodeWritten(replaceKeyPrefix) + encodeKey(key.slice(condition?.keyPrefix?.length ?? 0))
}

const encodeKey = (key: string): string => awsEncode(key, { keepSlash: true })

/**
 * What the rule says may hold more than a path: `#!/` is common for pages that route by fragment. The slash before it is there
 * already, and two would begin the name of a host in some readers.
 */
function encodeWritten(text: string): string {
  const encoded = encodeURI(text.toWellFormed()).replace(/%25([0-9a-f]{2})/gi, '%$1')
  return encoded.replace(/^\/+/, '')
}

/** The folder that a key without a slash at its end names. A path of two slashes would name a host. */
export function redirectToFolder({ scheme, host, key }: Visit): Answer {
  const path = `/${encodeKey(key)}/`
  return redirect(path.startsWith('//') ? `${scheme}://${host}${path}` : path, 302)
}

export const redirectToLocation = (location: string): Answer => redirect(location)
