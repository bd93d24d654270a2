/** The URLs of a bucket's website for the visitor's browser. */

import { isIP } from 'node:net'
import { shownApiUrl } from '#console/api-urls.ts'
import type { ConsoleSettings } from '#console/console-settings.ts'
import type { Visit } from '#console/page.ts'
import { isLocalName } from '#http/local-names.ts'

/** Those of the settings are first. Empty if no host of the server names the bucket. */
export function websiteUrls(config: ConsoleSettings, visit: Pick<Visit, 'host'>, bucketName: string): string[] {
  const api = new URL(shownApiUrl(config, visit))
  const at = (host: string) => `${api.protocol}//${host}${api.port === '' ? '' : `:${api.port}`}/`
  const own = config.websiteDomains.flatMap(({ domain, isWildcard, bucketName: named }) => {
    if (isWildcard) return [`${bucketName}.${domain}`]
    return (named ?? domain) === bucketName ? [domain] : []
  })
  const { hostname } = api
  const s3 = isLocalName(hostname) ? 'localhost' : isIP(hostname.replace(/[[\]]/g, '')) === 0 ? hostname : undefined
  const isServed = s3 === 'localhost' || config.apiBaseUrl !== undefined
  return [...own, ...(s3 !== undefined && isServed ? [`${bucketName}.s3-website.${s3}`] : [])].map(at)
}
