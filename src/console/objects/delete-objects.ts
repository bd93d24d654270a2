import { objectsHref } from '#console/address.ts'
import { isFormRequest } from '#console/form.ts'
import type { Answer, ConsoleServices, Page, Visit } from '#console/page.ts'
import { deletionsAtOnceMax } from '#store/delete-each.ts'
import { folderCrumbs, folderOf } from './folder.ts'
import { readSources, runStep, type Source, walkSources } from './selection.ts'

/** A step of it, for scripts; for forms all of it, once it has been confirmed. */
export const deleteObjects: Page = async (visit, services) => {
  const sources = await readSources(visit)
  if (!isFormRequest(visit.message)) return { json: await deleteStep(visit, services, sources) }
  const back = folderOf(visit.form.get('back'))
  if (visit.form.get('confirmed') === null) return askFirst(visit, sources, back)
  const { done, failed, left } = await deleteStep(visit, services, sources)
  if (left.length > 0) return askFirst(visit, left, back, done)
  const [first] = failed
  const text = first === undefined ? `${done} deleted.` : `${done} deleted, ${failed.length} not: ${first.message}`
  return {
    redirect: objectsHref(visit.bucket.name, back),
    notice: { kind: first === undefined ? 'done' : 'failed', text },
  }
}

function deleteStep(visit: Visit, { store }: ConsoleServices, sources: readonly Source[]) {
  const { bucket, principal } = visit
  return runStep(walkSources(visit, store, sources), { atOnceMax: deletionsAtOnceMax }, async (key) => {
    await visit.authorizeObject('s3:DeleteObject', { bucket, key })
    await store.deleteObject({ bucket, key, versionId: undefined, ownerId: principal.canonicalId, conditions: {} })
  })
}

function askFirst({ bucket }: Visit, sources: readonly Source[], back: string, done = 0): Answer {
  return {
    view: 'objects/confirm-delete',
    title: 'Delete objects',
    place: 'buckets',
    isDialog: true,
    crumbs: [...folderCrumbs(bucket.name, back, false), { text: 'Delete' }],
    locals: {
      bucket,
      back,
      done,
      keys: sources.flatMap((source) => ('key' in source ? [source.key] : [])),
      prefixes: sources.flatMap((source) => ('prefix' in source ? [source.prefix] : [])),
    },
  }
}
