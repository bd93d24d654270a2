/** Copying, moving and renaming are the same: `target` replaces `base` at the beginning of the keys. */
import * as z from 'zod'
import { objectsHref } from '#console/address.ts'
import { listVisibleBuckets } from '#console/buckets/visible-buckets.ts'
import { folderCrumbs, folderOf, nameOf, parentOf } from '#console/objects/folder/folder.ts'
import type { Answer, ConsoleServices, Page, Visit } from '#console/page.ts'
import { isFormRequest } from '#console/visit/form.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { assertKey } from '#model/object/object.ts'
import { copyObject } from '#objects/copies/copy-object.ts'
import { renameObject } from '#objects/copies/rename-object.ts'
import type { WriteConditions } from '#store/contract.ts'
import {
  couldNot,
  nameFor,
  objectsIn,
  readSources,
  runStep,
  type Source,
  type Step,
  sourcesSchema,
  walkSources,
} from './selection.ts'

const schema = z.object({
  sources: sourcesSchema,
  base: z.string(),
  targetBucket: z.string(),
  target: z.string(),
  isMove: z.boolean(),
  /** Replace existing objects. */
  isReplace: z.boolean(),
})
type Asked = z.infer<typeof schema>

const modes = ['copy', 'move', 'rename'] as const
type Mode = (typeof modes)[number]
/** The time that a form waits; scripts continue step by step. */
const formStepsMs = 20_000
const renamesAtOnceMax = 100
/** Large copies share the disk and the processor. */
const copiesAtOnceMax = 16

/** One step, for scripts. A form is first answered with the question for the destination; then everything is copied. */
export const copyObjects: Page = async (visit, services) => {
  if (!isFormRequest(visit.message)) {
    const asked = await visit.readJson(schema)
    return { json: await copyStep(visit, services, asked) }
  }
  const { form, bucket } = visit
  const sources = await readSources(visit)
  const mode = modes.find((one) => one === form.get('mode')) ?? 'copy'
  const back = folderOf(form.get('back'))
  if (form.get('target') === null) return askTarget(visit, services, sources, mode, back)
  const { done, failed, left } = await copyAll(visit, services, askedByForm(visit, sources, mode))
  const [first] = failed
  const verb = { copy: 'copied', move: 'moved', rename: 'renamed' }[mode]
  const text = [
    ...(done > 0 || first === undefined ? [`${objectsIn(done)} ${verb}`] : []),
    ...couldNot(mode, failed),
    ...(left.length === 0 ? [] : ['There are more: repeat it for the rest']),
  ].join('. ')
  const isFine = first === undefined && left.length === 0
  return { redirect: objectsHref(bucket.name, back), notice: { kind: isFine ? 'done' : 'failed', text } }
}

/** Reads the form: renaming changes the last segment of a key, copying and moving change the folder. */
function askedByForm({ form, bucket }: Visit, sources: readonly Source[], mode: Mode): Asked {
  const text = form.get('target') ?? ''
  const [only] = sources
  const base = form.get('base') ?? ''
  const target = mode !== 'rename' ? folderOf(text) : `${parentOf(base)}${text}${only && 'prefix' in only ? '/' : ''}`
  return {
    sources: [...sources],
    base,
    targetBucket: form.get('targetBucket') ?? bucket.name,
    target,
    isMove: mode !== 'copy',
    isReplace: form.get('replace') === 'on',
  }
}

async function copyAll(visit: Visit, services: ConsoleServices, asked: Asked): Promise<Step> {
  const endsAt = performance.now() + formStepsMs
  let total: Step = { done: 0, failed: [], left: asked.sources }
  while (total.left.length > 0 && performance.now() < endsAt) {
    const step = await copyStep(visit, services, { ...asked, sources: [...total.left] })
    total = { done: total.done + step.done, failed: [...total.failed, ...step.failed], left: step.left }
  }
  return total
}

async function copyStep(visit: Visit, services: ConsoleServices, asked: Asked): Promise<Step> {
  const { bucket } = visit
  const { sources, base, target, isMove, isReplace } = asked
  const to = await services.store.getBucket(asked.targetBucket)
  const isSameBucket = to.name === bucket.name
  if (isSameBucket && target === base) {
    throw new ApiError('InvalidRequest', { message: 'The destination is the same as the source.' })
  }
  // Otherwise copies below a selected folder would be found and copied without end.
  if (isSameBucket && sources.some((one) => 'prefix' in one && target.startsWith(one.prefix))) {
    throw new ApiError('InvalidRequest', { message: 'A folder cannot be copied or moved into itself.' })
  }
  const conditions = isReplace ? {} : { ifNoneMatch: '*' }
  const targetOf = (key: string) => (key.startsWith(base) ? target + key.slice(base.length) : '')
  // A key copied within a bucket may also be a source.
  const touches = (key: string) => (isSameBucket ? [key, targetOf(key)] : [key])
  const atOnceMax = isMove && isSameBucket ? renamesAtOnceMax : copiesAtOnceMax
  const step = await runStep(
    visit,
    walkSources(visit, services.store, sources),
    { atOnceMax, touches },
    async (key) => {
      const targetKey = targetOf(key)
      if (targetKey === '') throw new ApiError('InvalidRequest', { message: 'A name is required.' })
      assertKey(targetKey)
      await transfer(visit, services, { to, key, targetKey, conditions, isMove })
    },
  )
  const failed = step.failed.map(explain)
  return { ...step, failed: failed.map((one) => ({ ...one, key: nameFor(visit, services, sources, one.key) })) }
}

interface Transfer {
  readonly to: Bucket
  readonly key: string
  readonly targetKey: string
  readonly conditions: WriteConditions
  readonly isMove: boolean
}

async function transfer({ bucket, actor }: Visit, { store }: ConsoleServices, asked: Transfer): Promise<void> {
  const { to, key, targetKey, conditions, isMove } = asked
  if (isMove && bucket.name === to.name) {
    await renameObject(store, actor, { bucket, from: key, to: targetKey, conditions })
    return
  }
  await copyObject(store, actor, {
    source: { bucket, key },
    object: { bucket: to, key: targetKey, headers: {} },
    fromSource: { metadata: true, tags: true, storage: true, annotations: true },
    conditions,
    isWriteAuthorized: false,
    deletesSource: isMove,
  })
}

function explain({ key, message }: { key: string; message: string }) {
  const isThere = message.startsWith('At least one of the pre-conditions')
  return { key, message: isThere ? 'An object with this name already exists.' : message }
}

async function askTarget(
  visit: Visit,
  services: ConsoleServices,
  sources: readonly Source[],
  mode: Mode,
  back: string,
): Promise<Answer> {
  const { bucket } = visit
  const { summaries } = await listVisibleBuckets(visit, services)
  const keys = sources.flatMap((source) => ('key' in source ? [source.key] : []))
  const prefixes = sources.flatMap((source) => ('prefix' in source ? [source.prefix] : []))
  const one = keys[0] ?? prefixes[0] ?? ''
  const title = { copy: 'Copy', move: 'Move', rename: 'Rename' }[mode]
  return {
    view: 'objects/copy',
    title,
    place: 'buckets',
    isDialog: true,
    crumbs: [...folderCrumbs(bucket.name, back, false), { text: title }],
    locals: {
      bucket,
      back,
      mode,
      keys,
      prefixes,
      base: mode === 'rename' ? one : back,
      name: nameOf(one).replace(/\/$/, ''),
      buckets: summaries.map((summary) => summary.bucket.name),
    },
  }
}
