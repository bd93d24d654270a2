/** Roles: their trust policy and session length. */

import type { Iam } from '#console/iam/open-iam.ts'
import { parsePolicyText } from '#console/iam/policies/policy-form.ts'
import type { ConsoleServices, Visit } from '#console/page.ts'
import { createRole, getRole, setMaxSession, setTrust } from '#identity/accounts/roles.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import { sessionSeconds } from '#identity/entities/role.ts'
import { ApiError } from '#model/errors.ts'
import { changing } from './change-holder.ts'

const descriptionMax = 1000

/** AccessDenied, MalformedPolicyDocument, ValidationError, and the errors of createRole. */
export async function makeRole(
  { form }: Visit,
  services: ConsoleServices,
  iam: Iam,
  { name, arn }: { readonly name: string; readonly arn: string },
): Promise<void> {
  iam.authorize('CreateRole', arn)
  const trust = parseTrust(form.get('trust') ?? '', services)
  const description = parseDescription(form)
  const maxSessionSeconds = parseMinutes(form, sessionSeconds.min)
  const given = { name, path: '/', trust, description, maxSessionSeconds }
  await iam.change((account, nowMs) => createRole(account, given, nowMs))
}

export const saveTrust = changing(
  'trust',
  'Trust policy updated',
  async ({ iam, name, arn }, { form }, services) => {
    iam.authorize('UpdateAssumeRolePolicy', arn)
    const trust = parseTrust(form.get('trust') ?? '', services)
    await iam.change((account) => setTrust(getRole(account, name), trust))
  },
  'roles',
)

export const saveRole = changing(
  'session',
  'Role updated',
  async ({ iam, name, arn }, { form }) => {
    iam.authorize('UpdateRole', arn)
    const description = parseDescription(form)
    const maxSessionSeconds = parseMinutes(form, getRole(iam.account, name).maxSessionSeconds)
    await iam.change((account) => {
      const role = getRole(account, name)
      setMaxSession(role, maxSessionSeconds)
      if (description === undefined) delete role.description
      else role.description = description
    })
  },
  'roles',
)

/** Principals must exist, as in the API. */
function parseTrust(text: string, { identities }: ConsoleServices): PolicyText {
  return parsePolicyText(text, 'trust', { principalExists: (name) => identities.isPrincipal(name) })
}

function parseDescription(form: URLSearchParams): string | undefined {
  const description = form.get('description')?.trim() ?? ''
  if (description.length > descriptionMax) {
    throw new ApiError('ValidationError', { message: `A description has up to ${descriptionMax} characters.` })
  }
  return description === '' ? undefined : description
}

/** In seconds. The present value stays exact if its minutes are not changed. */
function parseMinutes(form: URLSearchParams, before: number): number {
  const text = form.get('minutes')?.trim() ?? ''
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) * 60 : 0
  if (Math.round(before / 60) * 60 === seconds) return before
  if (seconds >= sessionSeconds.min && seconds <= sessionSeconds.max) return seconds
  const [min, max] = [sessionSeconds.min / 60, sessionSeconds.max / 60]
  throw new ApiError('ValidationError', { message: `A session lasts from ${min} to ${max} minutes.` })
}
