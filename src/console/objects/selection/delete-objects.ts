import { objectsHref } from '#console/address.ts'
import { folderCrumbs, folderOf } from '#console/objects/folder/folder.ts'
import type { Answer, ConsoleServices, Page, Visit } from '#console/page.ts'
import { isFormRequest } from '#console/visit/form.ts'
import { authorizeAndDelete } from '#objects/versions/delete-object.ts'
import { deletionsAtOnceMax } from '#store/changes/delete-each.ts'
import { couldNot, nameFor, objectsIn, readSources, runStep, type Source, type Step, walkSources } from './selection.ts'
import type { Marker } from './undo-delete.ts'

/** One step, for scripts. A form deletes everything after a confirmation. */
export const deleteObjects: Page = async (visit, services) => {
  const sources = await readSources(visit)
  if (!isFormRequest(visit.message)) return { json: await deleteStep(visit, services, sources) }
  const back = folderOf(visit.form.get('back'))
  if (visit.form.get('confirmed') === null) return askFirst(visit, sources, back)
  const { done, failed, left } = await deleteStep(visit, services, sources)
  if (left.length > 0) return askFirst(visit, left, back, done)
  const [first] = failed
  const text = [
    ...(done > 0 || first === undefined ? [`${objectsIn(done)} deleted`] : []),
    ...couldNot('delete', failed),
  ].join('. ')
  return {
    redirect: objectsHref(visit.bucket.name, back),
    notice: { kind: first === undefined ? 'done' : 'failed', text },
  }
}

interface DeleteStep extends Step {
  /** The new delete markers, for visitors who may remove them. */
  readonly markers?: readonly Marker[]
}

async function deleteStep(visit: Visit, services: ConsoleServices, sources: readonly Source[]): Promise<DeleteStep> {
  const { store } = services
  const { bucket, actor } = visit
  const markers: Marker[] = []
  const walk = walkSources(visit, store, sources)
  const step = await runStep(visit, walk, { atOnceMax: deletionsAtOnceMax }, async (key) => {
    const { versionId } = await authorizeAndDelete(store, actor, { bucket, key, conditions: {} })
    // While versioning is suspended the marker replaces the null version.
    if (bucket.versioning !== 'Enabled' || versionId === undefined) return
    if (visit.may('s3:DeleteObjectVersion', { bucket, key })) markers.push({ key, versionId })
  })
  const failed = step.failed.map(({ key, message }) => ({ key: nameFor(visit, services, sources, key), message }))
  return { ...step, failed, ...(markers.length > 0 && { markers }) }
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
