/**
 * The bucket that a Host names, such as `bucket.domain`. Routing and every signature version must read it the same way:
 * otherwise a signature for one bucket would be valid for another.
 */
import { isIP } from 'node:net'

/** '' if the host names no bucket. */
export type BucketHostReader = (host: string | undefined) => string

/** Reads `bucket.domain:port` under each of these domains and `localhost`. */
export function createBucketHostReader(domains: readonly string[]): BucketHostReader {
  const suffixes = [...new Set(['localhost', ...domains])]
    .filter((domain) => isIP(domain) === 0)
    .map((domain) => `.${domain.toLowerCase()}`)
  return (host) => (host === undefined ? '' : bucketInHost(host, suffixes))
}

/** Bucket names may contain dots. */
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
