/** One folder of a bucket, a page at a time; `part=rows` is the rows alone, for scrolling on. */
import type { Page, Visit } from '#console/page.ts'
import { accessOf } from '#console/settings/access.ts'
import type { ListedObject } from '#store/contract.ts'
import { fileTypeOf, iconOf } from './file-kind.ts'
import { folderCrumbs, folderOf, nameOf, parentOf } from './folder.ts'

const orders: Readonly<Record<string, (a: ListedObject, b: ListedObject) => number>> = {
  name: () => 0,
  size: (a, b) => b.sizeBytes - a.sizeBytes,
  modified: (a, b) => b.modifiedAtMs - a.modifiedAtMs,
}

export const showObjects: Page = async (visit, services) => {
  const { bucket, query } = visit
  const prefix = folderOf(query.get('prefix'))
  const search = query.get('search') ?? ''
  const asked = query.get('sort') ?? ''
  const sort = Object.hasOwn(orders, asked) ? asked : 'name'
  const { store, config, bucketPolicies } = services
  const page = await store.listObjects({
    bucket: bucket.name,
    prefix: prefix + search,
    delimiter: '/',
    limit: config.uiPageSize,
    after: query.get('after') ?? '',
  })
  const rows = {
    bucket,
    folders: page.commonPrefixes.map((path) => ({ path, name: nameOf(path).replace(/(?<=.)\/$/, '') })),
    objects: page.objects
      .filter(({ key }) => key !== prefix)
      .sort(orders[sort])
      .map((object) => ({ ...object, name: nameOf(object.key), sign: iconOf(fileTypeOf(object.key).kind) })),
    next: page.next === undefined ? undefined : nextHref(visit, page.next),
  }
  if (query.get('part') === 'rows') return { view: 'objects/rows', title: '', isFragment: true, locals: rows }
  return {
    view: 'objects/list',
    title: prefix === '' ? bucket.name : `${nameOf(prefix)} · ${bucket.name}`,
    place: 'buckets',
    crumbs: folderCrumbs(bucket.name, prefix),
    scripts: ['objects.js', 'upload.js'],
    locals: {
      ...rows,
      prefix,
      parent: prefix === '' ? undefined : parentOf(prefix),
      search,
      sort,
      access: accessOf(bucketPolicies, bucket),
      ...rights(visit, prefix),
      partBytesMax: config.maxUploadBytes,
    },
  }
}

/** What is offered. Whether it is allowed is decided again when it is done, key by key. */
function rights(visit: Visit, prefix: string) {
  const resource = { bucket: visit.bucket, key: `${prefix}*` }
  return {
    mayWrite: visit.may('s3:PutObject', resource),
    mayDelete: visit.may('s3:DeleteObject', resource),
    mayRead: visit.may('s3:GetObject', resource),
  }
}

function nextHref({ url }: Visit, after: string): string {
  const [path = '', query = ''] = url.split('?')
  const next = new URLSearchParams(query)
  next.delete('part')
  next.set('after', after)
  return `${path}?${next}`
}
