// The console may lie below a path of its proxy: addresses made by scripts begin with it.
const base = document.documentElement.dataset.root ?? ''

/** @param {string} path as `/ui/buckets` */
export const at = (path) => base + path

const encode = (text) => encodeURIComponent(text).replaceAll('%2F', '/')

/** A folder of a bucket. */
export const folderHref = (bucket, prefix) =>
  at(`/ui/buckets/${bucket}${prefix === '' ? '' : `?prefix=${encode(prefix)}`}`)

/** The page of an object. */
export const objectHref = (bucket, key) => at(`/ui/buckets/${bucket}/object?key=${encode(key)}`)
