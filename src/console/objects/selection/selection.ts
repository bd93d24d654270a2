/**
 * The selection in a folder: objects and whole prefixes. Long work is done in steps, and each step returns what is
 * left.
 */
import * as z from 'zod'
import { mayList } from '#access/decide/objects/missing-object.ts'
import { formatCount } from '#console/answer/format.ts'
import { listing } from '#console/facts.ts'
import { folderOf, nameOf } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { isFormRequest } from '#console/visit/form.ts'
import { mapConcurrently } from '#lib/async/map-concurrently.ts'
import { visibleText } from '#lib/text/hidden-characters.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Store } from '#store/contract.ts'

export const sourceSchema = z.union([
  z.object({ key: z.string().min(1) }),
  z.object({ prefix: z.string().transform(folderOf), after: z.string().optional() }),
])
export type Source = z.infer<typeof sourceSchema>

export const sourcesSchema = z.array(sourceSchema).min(1).max(10_000)

/** Reads JSON `{ sources }`, or the fields `key` and `prefix` of a form. */
export async function readSources(visit: Visit): Promise<Source[]> {
  if (!isFormRequest(visit.message)) return (await visit.readJson(z.object({ sources: sourcesSchema }))).sources
  const keys = visit.form.getAll('key').map((key) => ({ key }))
  const prefixes = visit.form.getAll('prefix').map((prefix) => ({ prefix: folderOf(prefix) }))
  const sources = [...keys, ...prefixes].filter((source) => 'prefix' in source || source.key !== '')
  if (sources.length === 0) throw new ApiError('InvalidRequest', { message: 'Select at least one object or folder.' })
  return sources
}

export interface Step {
  readonly done: number
  readonly failed: readonly { readonly key: string; readonly message: string }[]
  /** For the next request; empty if everything is done. */
  readonly left: readonly Source[]
}

/** Long enough to make progress, and short enough for "Stop" and for every proxy. */
const stepKeys = 500
const stepMs = 2000

interface StepOptions {
  /** The number of keys that `action` works on at a time: changes of the index share a flush, copies share the disk. */
  readonly atOnceMax: number
  /** Further keys that the action reads or changes. Actions with a key in common take turns. */
  readonly touches?: (key: string) => readonly string[]
}

/**
 * Runs `action` on selected keys until the step is over or the visitor disconnects. A refusal fails alone; a bug ends
 * the step.
 */
export async function runStep(
  { message }: Pick<Visit, 'message'>,
  walk: AsyncIterable<Walked>,
  { atOnceMax, touches = (key) => [key] }: StepOptions,
  action: (key: string) => Promise<void>,
): Promise<Step> {
  const endsAt = performance.now() + stepMs
  let left: readonly Source[] = []
  async function* keysOfStep() {
    let count = 0
    for await (const walked of walk) {
      yield walked.key
      left = walked.left
      if (++count >= stepKeys || performance.now() > endsAt || message.socket.destroyed) return
    }
    left = []
  }
  const outcomes = await mapConcurrently(keysOfStep(), { atOnceMax, touches }, async (key) => {
    try {
      await action(key)
      return undefined
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return { key, message: error.message }
    }
  })
  const failed = outcomes.filter((outcome) => outcome !== undefined)
  return { done: outcomes.length - failed.length, failed, left }
}

interface Walked {
  readonly key: string
  readonly left: readonly Source[]
}

export const objectsIn = (count: number): string => `${formatCount(count)} ${count === 1 ? 'object' : 'objects'}`

/** The message about failures. It names the first one. */
export function couldNot(verb: string, failed: Step['failed']): string[] {
  const [first] = failed
  if (first === undefined) return []
  const more = failed.length === 1 ? '' : `, and ${formatCount(failed.length - 1)} more`
  const name = visibleText(nameOf(first.key))
  if (first.message === missingMessage) return [`Could not ${verb}: ${name} no longer exists${more}`]
  return [`Could not ${verb} ${name}: ${first.message}${more}`]
}

const missingMessage = new ApiError('NoSuchKey').message

/** AccessDenied for a folder that the visitor may not list. */
export function authorizeWalk(visit: Visit, source: Source): void {
  if ('key' in source) return
  visit.authorize('s3:ListBucket', { bucket: visit.bucket }, listing(source.prefix, limits.listPageMax))
}

/** The name to show for a key found below a folder: the key itself, or the folder if the visitor may not list it. */
export function nameFor(
  visit: Visit,
  { gatekeeper }: ConsoleServices,
  sources: readonly Source[],
  key: string,
): string {
  const isNamed = sources.some((source) => 'key' in source && source.key === key)
  if (isNamed || mayList({ ...visit, bucket: visit.bucket, key }, gatekeeper)) return key
  const folder = sources.find((source) => 'prefix' in source && key.startsWith(source.prefix))
  return folder !== undefined && 'prefix' in folder ? folder.prefix : ''
}

/** Every selected key, with what is left after it. Prefixes need the permission to list them. */
export async function* walkSources(visit: Visit, store: Store, sources: readonly Source[]): AsyncIterable<Walked> {
  for (const [at, source] of sources.entries()) {
    const rest = sources.slice(at + 1)
    if ('key' in source) {
      yield { key: source.key, left: rest }
      continue
    }
    authorizeWalk(visit, source)
    const { prefix } = source
    for (let after = source.after ?? ''; ; ) {
      const query = { bucket: visit.bucket.name, prefix, delimiter: '', limit: limits.listPageMax, after }
      const page = await store.listObjects(query)
      for (const { key } of page.objects) yield { key, left: [{ prefix, after: key }, ...rest] }
      if (page.next === undefined) break
      after = page.next
    }
  }
}
