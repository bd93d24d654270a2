/** URLs of pages. Keys go into the query, so that `..`, `//` and `%` in them keep their meaning. */
export function bucketHref(bucket: string, page = ''): string {
  return `/ui/buckets/${encodeURIComponent(bucket)}${page === '' ? '' : `/${page}`}`
}

/** The page of a folder. */
export function objectsHref(bucket: string, prefix = ''): string {
  return prefix === '' ? bucketHref(bucket) : `${bucketHref(bucket)}?prefix=${encode(prefix)}`
}

/** A page about one object: `object`, `content`, ... */
export function objectHref(bucket: string, key: string, page = 'object', versionId?: string): string {
  const version = versionId === undefined ? '' : `&versionId=${encode(versionId)}`
  return `${bucketHref(bucket, page)}?key=${encode(key)}${version}`
}

/** Slashes stay readable. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('%2F', '/')
}

/** The page to open after signing in: a page of the console, or its first. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/ui(?:[/?][\x21-\x5b\x5d-\x7e]*)?$/.test(next) && !next.includes('//') ? next : '/ui'
}
