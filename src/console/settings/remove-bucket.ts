/** Deletes a bucket, on request with all its content. Its name has to be typed. */
import * as z from 'zod'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { isFormRequest } from '#console/visit/form.ts'
import { ApiError } from '#model/errors.ts'
import { type EmptyStep, emptyStep } from './empty-bucket.ts'
import { settingsCrumbs } from './settings-crumbs.ts'

const formStepsMs = 20_000

export const askRemoval: Page = async (visit, services) => removalView(visit, services)

export const removeBucket: Page = async (visit, services) => {
  const { bucket, form } = visit
  if (form.get('name')?.trim() !== bucket.name) {
    return removalView(visit, services, 'This is not the name of the bucket.', 400)
  }
  try {
    if (form.get('empty') === 'on') await emptyAll(visit, services)
    await services.store.deleteBucket(bucket.name)
  } catch (error) {
    if (error instanceof ApiError && error.status < 500)
      return removalView(visit, services, error.message, error.status)
    throw error
  }
  // The next bucket of this name may belong to another account.
  await services.bucketPolicies.remove(bucket.name)
  return { redirect: '/ui/buckets', notice: { kind: 'done', text: `Bucket ${bucket.name} deleted` } }
}

const cursor = z.object({ from: z.object({ key: z.string(), versionId: z.string().optional() }).optional() })

/** One step of emptying, for scripts. */
export const emptyBucket: Page = async (visit, services) => {
  if (isFormRequest(visit.message)) throw new ApiError('InvalidRequest')
  const { from } = await visit.readJson(cursor)
  return { json: await emptyStep(visit, services, from) }
}

async function emptyAll(visit: Visit, services: ConsoleServices): Promise<void> {
  const endsAt = performance.now() + formStepsMs
  let step: EmptyStep | undefined
  do step = await emptyStep(visit, services, step?.next)
  while (step.next !== undefined && performance.now() < endsAt)
  const [first] = step.failed
  if (first !== undefined) throw new ApiError('AccessDenied', { message: `${first.key}: ${first.message}` })
}

async function removalView(
  { bucket }: Visit,
  { store }: ConsoleServices,
  problem?: string,
  status = 200,
): Promise<View> {
  return {
    view: 'settings/remove-bucket',
    title: `Delete ${bucket.name}`,
    place: 'buckets',
    isDialog: true,
    status,
    crumbs: settingsCrumbs(bucket.name, 'Delete'),
    locals: { bucket, problem, usage: await store.bucketUsage(bucket.name) },
  }
}
