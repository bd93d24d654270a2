/** Addresses of pages. Keys go into the query, so that `..`, `//` and `%` in them stay themselves. */
export function bucketHref(bucket: string, page = ''): string {
  return `/ui/buckets/${encodeURIComponent(bucket)}${page === '' ? '' : `/${page}`}`
}

/** A folder of a bucket. */
export function objectsHref(bucket: string, prefix = ''): string {
  return prefix === '' ? bucketHref(bucket) : `${bucketHref(bucket)}?prefix=${encode(prefix)}`
}

/** A page about one object: `object`, `content`, ... */
export function objectHref(bucket: string, key: string, page = 'object', versionId?: string): string {
  const version = versionId === undefined ? '' : `&versionId=${encode(versionId)}`
  return `${bucketHref(bucket, page)}?key=${encode(key)}${version}`
}

/** Slashes may stay: an address is read by people, too. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('%2F', '/')
}

/** Where a sign-in leads back to: a page of the console, or its first. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/ui(?:[/?][\x21-\x5b\x5d-\x7e]*)?$/.test(next) && !next.includes('//') ? next : '/ui'
}
