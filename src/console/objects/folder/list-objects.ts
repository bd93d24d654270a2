/** One folder of a bucket, a page at a time; `part=rows` returns only the rows, for scrolling. */
import { objectsHref } from '#console/address.ts'
import { type Effect, listing } from '#console/facts.ts'
import { fileTypeOf, iconOf } from '#console/objects/object/file-kind.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { accessOf } from '#console/settings/access.ts'
import { folderCrumbs, folderOf, nameOf, parentOf } from './folder.ts'
import { type FolderEntry, readFolder } from './read-folder.ts'

const orders: Readonly<Record<string, (a: FolderEntry, b: FolderEntry) => number>> = {
  name: () => 0,
  size: (a, b) => b.sizeBytes - a.sizeBytes,
  modified: (a, b) => b.modifiedAtMs - a.modifiedAtMs,
}

interface Asked {
  readonly prefix: string
  readonly search: string
  readonly sort: string
  readonly withDeleted: boolean
}

export const showObjects: Page = async (visit, services) => {
  const asked = readAsked(visit)
  const rows = await readRows(visit, services, asked)
  if (visit.query.get('part') === 'rows') return { view: 'objects/rows', title: '', isFragment: true, locals: rows }
  const { bucket } = visit
  const { prefix } = asked
  return {
    view: 'objects/list',
    title: prefix === '' ? bucket.name : `${nameOf(prefix)} · ${bucket.name}`,
    place: 'buckets',
    crumbs: folderCrumbs(bucket.name, prefix),
    scripts: ['objects.js', 'upload.js'],
    locals: {
      ...rows,
      ...asked,
      parent: prefix === '' ? undefined : parentOf(prefix),
      access: accessOf(services.bucketPolicies, bucket),
      ...rights(visit, prefix, listingOf(visit, services)),
      partBytesMax: services.config.maxUploadBytes,
    },
  }
}

function readAsked({ query }: Visit): Asked {
  const sort = query.get('sort') ?? ''
  return {
    prefix: folderOf(query.get('prefix')),
    search: query.get('search') ?? '',
    sort: Object.hasOwn(orders, sort) ? sort : 'name',
    withDeleted: query.get('deleted') === 'yes',
  }
}

/** The prefix to list: the folder, and the search text after it. */
export function listingOf(visit: Visit, { config }: ConsoleServices): Effect {
  const { prefix, search } = readAsked(visit)
  return listing(prefix + search, config.uiPageSize, '/')
}

async function readRows(visit: Visit, services: ConsoleServices, asked: Asked) {
  const { store, config } = services
  const { bucket, query } = visit
  const { prefix, search, sort, withDeleted } = asked
  if (withDeleted) visit.authorize('s3:ListBucketVersions', { bucket }, listingOf(visit, services))
  const page = await readFolder(store, {
    bucket: bucket.name,
    prefix: prefix + search,
    limit: config.uiPageSize,
    after: query.get('after') ?? '',
    withDeleted,
  })
  const hrefOf = (path: string) => {
    const href = objectsHref(bucket.name, path)
    return withDeleted ? `${href}${href.includes('?') ? '&' : '?'}deleted=yes` : href
  }
  return {
    bucket,
    folders: page.folders.map((path) => ({ path, name: folderName(path), href: hrefOf(path) })),
    objects: page.entries
      .filter(({ key }) => key !== prefix)
      .sort(orders[sort])
      .map((entry) => ({ ...entry, name: nameOf(entry.key), sign: iconOf(fileTypeOf(entry.key).kind) })),
    next: page.next === undefined ? undefined : nextHref(visit, page.next),
    hrefOf,
  }
}

/** The name without its final slash, unless it is only a slash. */
const folderName = (path: string) => nameOf(path).replace(/(?<=.)\/$/, '')

/** Actions that the page offers. Each is authorized again for every key. */
function rights(visit: Visit, prefix: string, listed: Effect) {
  const { bucket } = visit
  const resource = { bucket, key: `${prefix}*` }
  return {
    mayWrite: visit.may('s3:PutObject', resource),
    mayDelete: visit.may('s3:DeleteObject', resource),
    mayRead: visit.may('s3:GetObject', resource),
    maySeeDeleted: bucket.versioning !== 'Unversioned' && visit.may('s3:ListBucketVersions', { bucket }, listed),
  }
}

function nextHref({ url }: Visit, after: string): string {
  const [path = '', query = ''] = url.split('?')
  const next = new URLSearchParams(query)
  next.delete('part')
  next.set('after', after)
  return `${path}?${next}`
}
