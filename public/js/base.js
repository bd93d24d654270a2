// The console may be below a path of its proxy: URLs made by scripts start with it.
const base = document.documentElement.dataset.root ?? ''

/** @param {string} path such as `/ui/buckets` */
export const at = (path) => base + path

const encode = (text) => encodeURIComponent(text).replaceAll('%2F', '/')

/** The URL of a folder of a bucket. */
export const folderHref = (bucket, prefix) =>
  at(`/ui/buckets/${bucket}${prefix === '' ? '' : `?prefix=${encode(prefix)}`}`)

/** The URL of the page of an object. */
export const objectHref = (bucket, key) => at(`/ui/buckets/${bucket}/object?key=${encode(key)}`)
