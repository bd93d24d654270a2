import { Readable } from 'node:stream'
import { objectsHref } from '#console/address.ts'
import type { Page, View, Visit } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object/object.ts'
import type { NewBody } from '#objects/writes/new-body.ts'
import { putObject } from '#objects/writes/put-object.ts'
import { folderCrumbs, folderOf } from './folder.ts'

export const showNewFolder: Page = (visit) => folderView(visit, folderOf(visit.query.get('prefix')))

/** Creates an empty object whose key ends with a slash: the folder marker of other S3 tools. */
export const createFolder: Page = async (visit, { store }) => {
  const prefix = folderOf(visit.form.get('prefix'))
  const name = visit.form.get('name')?.replace(/\/+$/, '') ?? ''
  const key = `${prefix}${name}/`
  const { bucket } = visit
  try {
    if (name === '') throw new ApiError('InvalidRequest', { message: 'A folder name is required.' })
    assertKey(key)
    await visit.authorizeObject('s3:PutObject', { bucket, key })
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return folderView(visit, prefix, name, error)
    throw error
  }
  await putObject(store, visit.actor, { object: { bucket, key, headers: {} }, body: emptyBody, conditions: {} })
  return { redirect: objectsHref(bucket.name, key) }
}

const emptyBody: NewBody = {
  open: (algorithms) => ({ source: Readable.from([], { objectMode: false }), sizeBytes: 0, maxBytes: 0, algorithms }),
}

function folderView({ bucket }: Visit, prefix: string, typed = '', problem?: ApiError): View {
  return {
    view: 'objects/new-folder',
    title: 'New folder',
    place: 'buckets',
    isDialog: true,
    status: problem?.status ?? 200,
    crumbs: [...folderCrumbs(bucket.name, prefix, false), { text: 'New folder' }],
    locals: { bucket, prefix, typed, problem: problem?.message },
  }
}
