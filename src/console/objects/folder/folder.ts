/** Folders: the common prefixes of keys up to a slash. */
import { bucketHref, objectHref, objectsHref } from '#console/address.ts'
import type { Crumb } from '#console/page.ts'

/** Breadcrumbs from the buckets to this folder. The last one is the present page, unless more follow. */
export function folderCrumbs(bucket: string, prefix: string, isLast = true): Crumb[] {
  const crumbs: Crumb[] = [
    { text: 'Buckets', href: '/ui/buckets' },
    { text: bucket, href: bucketHref(bucket) },
  ]
  let path = ''
  for (const segment of prefix.split('/').slice(0, -1)) {
    path += `${segment}/`
    crumbs.push({ text: segment === '' ? '/' : segment, href: objectsHref(bucket, path) })
  }
  const last = crumbs.at(-1)
  if (isLast && last !== undefined) crumbs[crumbs.length - 1] = { text: last.text }
  return crumbs
}

/** Breadcrumbs to the object, and to a page about it. */
export function objectCrumbs(bucket: string, key: string, page: string): Crumb[] {
  const object = { text: nameOf(key), href: objectHref(bucket, key) }
  return [...folderCrumbs(bucket, parentOf(key), false), object, { text: page }]
}

/** `a/b/` for `a/b/c` and for `a/b/c/`. */
export function parentOf(keyOrPrefix: string): string {
  const path = keyOrPrefix.endsWith('/') ? keyOrPrefix.slice(0, -1) : keyOrPrefix
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** The last segment, as a folder shows it. */
export function nameOf(keyOrPrefix: string): string {
  return keyOrPrefix.slice(parentOf(keyOrPrefix).length)
}

/** A valid prefix: empty, or ending with a slash. */
export function folderOf(text: string | null): string {
  if (text === null || text === '') return ''
  return text.endsWith('/') ? text : `${text}/`
}
