import { objectsHref } from '#console/address.ts'
import type { Page, View, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object.ts'
import { folderCrumbs, folderOf } from './folder.ts'
import { putBytes } from './put-bytes.ts'

export const showNewFolder: Page = (visit) => folderView(visit, folderOf(visit.query.get('prefix')))

/** An empty object whose key ends with a slash, as other S3 tools mark a folder. */
export const createFolder: Page = async (visit, services) => {
  const prefix = folderOf(visit.form.get('prefix'))
  const name = visit.form.get('name')?.replace(/\/+$/, '') ?? ''
  const key = `${prefix}${name}/`
  try {
    if (name === '') throw new ApiError('InvalidRequest', { message: 'A folder needs a name.' })
    assertKey(key)
  } catch (error) {
    if (error instanceof ApiError) return folderView(visit, prefix, name, error.message)
    throw error
  }
  await visit.authorizeObject('s3:PutObject', { bucket: visit.bucket, key })
  await putBytes(visit, services, key, Buffer.alloc(0), { conditions: {} })
  return { redirect: objectsHref(visit.bucket.name, key) }
}

function folderView({ bucket }: Visit, prefix: string, typed = '', problem?: string): View {
  return {
    view: 'objects/new-folder',
    title: 'New folder',
    place: 'buckets',
    isDialog: true,
    status: problem === undefined ? 200 : 400,
    crumbs: [...folderCrumbs(bucket.name, prefix, false), { text: 'New folder' }],
    locals: { bucket, prefix, typed, problem },
  }
}
