/** One annotation of a version: its text can be read, changed and deleted. Without a name it is a new one. */
import { Readable } from 'node:stream'
import { objectHref } from '#console/address.ts'
import { nameOf, objectCrumbs } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { annotationAction, deleteAnnotation, putAnnotation, readAnnotation } from '#objects/versions/annotate-object.ts'
import type { NewBody } from '#objects/writes/new-body.ts'

interface Typed {
  readonly name: string
  readonly text: string
}

export const showAnnotation: Page = async (visit, services) => {
  const { bucket, key, versionId, query, actor } = visit
  const name = query.get('name') ?? ''
  await visit.authorizeObject(annotationAction(name === '' ? 'Put' : 'Get', versionId), visit)
  const version = await services.store.headObject(bucket.name, key, versionId)
  if (name === '') return annotationView(visit, { name, text: '' }, { isNew: true })
  const found = await readAnnotation(services.store, actor, { bucket, key, version, name })
  if (found === undefined) throw new ApiError('NoSuchAnnotation')
  return annotationView(visit, { name, text: found.bytes.toString() }, { isNew: false })
}

/** `do`: save, or delete. */
export const saveAnnotation: Page = async (visit, services) => {
  const { bucket, key, versionId, form } = visit
  const typed = { name: form.get('name')?.trim() ?? '', text: textIn(form) }
  const isNew = form.get('new') === 'yes'
  const isDeletion = form.get('do') === 'delete'
  await visit.authorizeObject(annotationAction(isDeletion ? 'Delete' : 'Put', versionId), visit)
  try {
    await (isDeletion ? remove(visit, services, typed.name) : put(visit, services, typed))
  } catch (error) {
    const refusal = refusalOf(error)
    if (/^NoSuch(Key|Version)$/.test(refusal.code)) throw error
    return annotationView(visit, typed, { isNew, problem: refusal })
  }
  const text = isDeletion ? 'Annotation deleted' : 'Annotation saved'
  return { redirect: objectHref(bucket.name, key, 'object', versionId), notice: { kind: 'done', text } }
}

/** Browsers send the line ends of a text as CR LF. */
const textIn = (form: URLSearchParams): string => form.get('text')?.replaceAll('\r\n', '\n') ?? ''

async function put(
  { bucket, key, versionId, actor }: Visit,
  { store }: ConsoleServices,
  { name, text }: Typed,
): Promise<void> {
  const judged = await store.headObject(bucket.name, key, versionId)
  await putAnnotation(store, actor, { bucket, key, versionId, name, judged, body: bodyOf(text) })
}

async function remove(
  { bucket, key, versionId, actor, form }: Visit,
  { store }: ConsoleServices,
  name: string,
): Promise<void> {
  const judged = await store.headObject(bucket.name, key, versionId)
  const asksToPass = form.get('pass') === 'on'
  await deleteAnnotation(store, actor, { bucket, key, versionId, name, judged, asksToPass })
}

function bodyOf(text: string): NewBody {
  const bytes = Buffer.from(text)
  const sizeBytes = bytes.length
  const open: NewBody['open'] = (algorithms) => ({
    source: Readable.from(sizeBytes === 0 ? [] : [bytes], { objectMode: false }),
    sizeBytes,
    maxBytes: limits.annotationBytes,
    algorithms,
  })
  return { sizeBytes, open }
}

function annotationView(
  { bucket, key, versionId, may }: Visit,
  typed: Typed,
  { isNew, problem }: { readonly isNew: boolean; readonly problem?: ApiError },
): View {
  const resource = { bucket, key }
  return {
    view: 'objects/annotation',
    title: isNew ? `New annotation of ${nameOf(key)}` : `${typed.name} · ${nameOf(key)}`,
    place: 'buckets',
    isDialog: true,
    status: problem?.status ?? 200,
    crumbs: objectCrumbs(bucket.name, key, 'Annotation'),
    locals: {
      bucket,
      key,
      versionId,
      typed,
      isNew,
      problem: problem?.message,
      mayPut: may(annotationAction('Put', versionId), resource),
      mayDelete: !isNew && may(annotationAction('Delete', versionId), resource),
      mayPass: bucket.objectLockEnabled && may('s3:BypassGovernanceRetention', resource),
    },
  }
}
