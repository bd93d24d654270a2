import { objectsHref } from '#console/address.ts'
import { isFormRequest } from '#console/form.ts'
import type { Answer, ConsoleServices, Page, Visit } from '#console/page.ts'
import { folderCrumbs, folderOf } from './folder.ts'
import { nameFor, readSources, runStep, type Source, type Step, walkSources } from './selection.ts'

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

async function deleteStep(visit: Visit, services: ConsoleServices, sources: readonly Source[]): Promise<Step> {
  const { store } = services
  const { bucket, principal } = visit
  const step = await runStep(walkSources(visit, store, sources), async (key) => {
    await visit.authorizeObject('s3:DeleteObject', { bucket, key })
    await store.deleteObject({ bucket, key, versionId: undefined, ownerId: principal.canonicalId, conditions: {} })
  })
  const failed = step.failed.map(({ key, message }) => ({ key: nameFor(visit, services, sources, key), message }))
  return { ...step, failed }
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
