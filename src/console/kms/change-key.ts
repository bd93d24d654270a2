/** Changes of a key from its page. Each is the action of the same name in KMS's API, with its permission. */
import { pageOr } from '#console/answer/page-or.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { createAlias, deleteAlias } from '#keyring/changes/aliases.ts'
import { changeKey, refuseManaged, refusePending } from '#keyring/changes/change-key.ts'
import { cancelDeletion, scheduleDeletion, setEnabled } from '#keyring/changes/key-state.ts'
import { disableRotation, enableRotation, rotateOnDemand } from '#keyring/changes/rotation.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { aliasArn, aliasNotFound, findAlias } from '#keyring/key-lookup.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { findKeyUses } from '#store/key-uses.ts'
import { type Kms, keyHref, openKms } from './open-kms.ts'
import { type KeyProblem, keyView } from './show-key.ts'

interface Change extends Pick<ConsoleServices, 'keyring' | 'keyPolicies'> {
  readonly kms: Kms
  readonly key: KeyEntry
  readonly form: URLSearchParams
}

/** A page that changes the key and shows it again, with an error beside what was typed. `run` gives the notice. */
function changing(where: KeyProblem['where'], run: (change: Change) => Promise<string>): Page {
  return async (visit: Visit, services: ConsoleServices) => {
    const kms = openKms(visit, services)
    const key = kms.get(visit.params.id ?? '')
    const { keyring, keyPolicies } = services
    try {
      const text = await run({ kms, key, keyring, keyPolicies, form: visit.form })
      return { redirect: keyHref(key.id), notice: { kind: 'done', text } }
    } catch (error) {
      const refusal = refusalOf(error)
      const problem = { where, text: refusal.message, status: refusal.status }
      const uses = await findKeyUses(services.engine)
      return pageOr(refusal, () => keyView(visit, services, openKms(visit, services), uses, problem))
    }
  }
}

export const describeKmsKey = changing('description', async ({ kms, key, keyring, form }) => {
  const description = form.get('description')?.trim() ?? ''
  if (description.length > 8192) throw invalid('A description has up to 8192 characters.')
  kms.authorize('UpdateKeyDescription', key)
  refuseManaged(key)
  await changeKey(keyring, key, (now) => {
    refusePending(now)
    return { ...now, description }
  })
  return 'Description saved'
})

export const addAlias = changing('aliases', async ({ kms, key, keyring, form }) => {
  const name = aliasIn(form)
  kms.authorizeArn('CreateAlias', aliasArn(key, name))
  kms.authorize('CreateAlias', key)
  await createAlias(keyring, key, name, key)
  return 'Alias added'
})

export const removeAlias = changing('aliases', async ({ kms, key, keyring, form }) => {
  const name = aliasIn(form)
  kms.authorizeArn('DeleteAlias', aliasArn(key, name))
  kms.authorize('DeleteAlias', key)
  const alias = findAlias(keyring.keys, name, key)
  if (alias?.keyId !== key.id) throw aliasNotFound(key, name)
  await deleteAlias(keyring, alias)
  return 'Alias removed'
})

/** `do`: enable or disable. */
export const setKeyState = changing('state', async ({ kms, key, keyring, form }) => {
  const isEnabled = form.get('do') === 'enable'
  kms.authorize(isEnabled ? 'EnableKey' : 'DisableKey', key)
  await setEnabled(keyring, key, isEnabled)
  return isEnabled ? 'Key enabled' : 'Key disabled'
})

/** `do`: save, disable, or now. */
export const setRotation = changing('rotation', async ({ kms, key, keyring, form }) => {
  const what = form.get('do')
  if (what === 'now') {
    kms.authorize('RotateKeyOnDemand', key)
    await rotateOnDemand(keyring, key)
    return 'The key was rotated'
  }
  if (what === 'disable') {
    kms.authorize('DisableKeyRotation', key)
    await disableRotation(keyring, key)
    return 'Rotation is off'
  }
  const days = daysIn(form, { min: 90, max: 2560 })
  kms.authorize('EnableKeyRotation', key, { 'kms:rotationperiodindays': String(days) })
  await enableRotation(keyring, key, days)
  return 'Rotation saved'
})

export const saveKeyPolicy = changing('policy', async ({ kms, key, keyring, keyPolicies, form }) => {
  const policy = keyPolicies.parse(form.get('policy') ?? '')
  kms.authorize('PutKeyPolicy', key)
  refuseManaged(key)
  if (!kms.may('PutKeyPolicy', { ...key, ...policy })) {
    throw invalid('With this policy you could not change the policy again.')
  }
  await changeKey(keyring, key, (now) => {
    refusePending(now)
    return { ...now, ...policy }
  })
  return 'Policy saved'
})

export const deleteKmsKey = changing('state', async ({ kms, key, keyring, form }) => {
  const days = daysIn(form, { min: 7, max: 30 })
  kms.authorize('ScheduleKeyDeletion', key, { 'kms:schedulekeydeletionpendingwindowindays': String(days) })
  await scheduleDeletion(keyring, key, days)
  return `The key will be deleted in ${days} days`
})

export const keepKmsKey = changing('state', async ({ kms, key, keyring }) => {
  kms.authorize('CancelKeyDeletion', key)
  await cancelDeletion(keyring, key)
  return 'The deletion was cancelled; the key is disabled'
})

function aliasIn(form: URLSearchParams): string {
  const name = form.get('alias')?.trim() ?? ''
  return name.startsWith('alias/') ? name : `alias/${name}`
}

function daysIn(form: URLSearchParams, { min, max }: { readonly min: number; readonly max: number }): number {
  const text = form.get('days')?.trim() ?? ''
  const days = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!(days >= min && days <= max)) throw invalid(`Enter a number of days from ${min} to ${max}.`)
  return days
}

const invalid = (message: string) => new ApiError('ValidationException', { message })
