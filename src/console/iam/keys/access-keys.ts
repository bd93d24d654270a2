/** Access keys of a user. A secret is shown once, on the page after it was created. */

import { changing } from '#console/iam/holders/change-holder.ts'
import { askedHolder, holderArn, holderHref } from '#console/iam/holders/holders.ts'
import { holderView } from '#console/iam/holders/show-holder.ts'
import { openIam } from '#console/iam/open-iam.ts'
import type { Answer, ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { getUser } from '#identity/accounts/users.ts'
import {
  createAccessKey,
  deleteAccessKey,
  getAccessKey,
  newSecretAccessKey,
  setExpiry,
} from '#identity/entities/access-key.ts'
import { makerOf } from '#identity/secrets/credential-maker.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import type { NewKey } from './shown-once.ts'

export const createKey: Page = (visit, services) => makeKey(visit, services, undefined)

/** Creates a new key instead of an old one, which is disabled but kept in case something still needs it. */
export const rotateKey: Page = (visit, services) => makeKey(visit, services, visit.params.key ?? '')

async function makeKey(visit: Visit, services: ConsoleServices, old: string | undefined): Promise<Answer> {
  const { description, name } = askedHolder(visit, 'users')
  const { identities, config } = services
  const iam = openIam(visit, services)
  const arn = holderArn(iam.account, description, name)
  iam.authorize('CreateAccessKey', arn)
  if (old !== undefined) iam.authorize('UpdateAccessKey', arn)
  const secret = newSecretAccessKey()
  const sealed = identities.secrets.format(secret)
  try {
    const key = await iam.change((account, nowMs) => {
      const user = getUser(account, name)
      if (old !== undefined) getAccessKey(user, old).status = 'Inactive'
      return createAccessKey(user, {
        account: account.id,
        secret: sealed,
        maker: makerOf(iam.visitor, services.identities.directory),
        nowMs,
      })
    })
    // The session ends with its key, so no further page can be shown: the new key is in the answer itself.
    if (old === iam.visitor.accessKeyId)
      return keyView({ userName: name, id: key.id, secret, old }, config.region, true)
    await services.newKeys.put(visit.session.id, { userName: name, id: key.id }, old)
    return { redirect: `${holderHref('users', name)}/keys/${encodeURIComponent(key.id)}/new` }
  } catch (error) {
    const refusal = refusalOf(error)
    return holderView(visit, services, description, name, {
      where: 'keys',
      text: refusal.message,
      status: refusal.status,
    })
  }
}

/** The secret, once. Later the page says that it was shown. */
export const showNewKey: Page = async (visit, services) => {
  const { description, name } = askedHolder(visit, 'users')
  const iam = openIam(visit, services)
  iam.authorize('CreateAccessKey', holderArn(iam.account, description, name))
  const { id, secret } = getAccessKey(getUser(iam.account, name), visit.params.key ?? '')
  const made = await services.newKeys.take(visit.session.id, { userName: name, id })
  const shown = made && { secret: services.identities.secrets.parse(secret), old: made.old }
  return keyView({ userName: name, id, secret: undefined, old: undefined, ...shown }, services.config.region, false)
}

interface ShownKey extends NewKey {
  readonly secret: string | undefined
  /** The key that it replaces. */
  readonly old: string | undefined
}

function keyView({ userName: name, id, secret, old }: ShownKey, region: string, isOwn: boolean): View {
  return {
    view: 'iam/new-key',
    title: 'New access key',
    place: 'iam',
    crumbs: [
      { text: 'Identities', href: '/ui/iam/users' },
      { text: name, href: holderHref('users', name) },
      { text: 'New access key' },
    ],
    scripts: ['iam.js'],
    locals: { name, old, id, secret, region, isOwn },
  }
}

/** Uses the permission UpdateAccessKey, as for the status: IAM's API has no expiry. */
export const setKeyExpiry = changing(
  'keys',
  'Access key updated',
  async ({ iam, name, arn }, { form, params }, services) => {
    iam.authorize('UpdateAccessKey', arn)
    const expiresAt = form.has('never') ? undefined : parseMoment(form.get('expires') ?? '')
    await iam.change((account, nowMs) =>
      setExpiry(getAccessKey(getUser(account, name), params.key ?? ''), expiresAt, {
        maker: makerOf(iam.visitor, services.identities.directory),
        nowMs,
      }),
    )
  },
  'users',
)

/** The value of a form field, in UTC. ValidationError. */
function parseMoment(text: string): string {
  const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) ? new Date(`${text}Z`) : undefined
  if (moment !== undefined && !Number.isNaN(moment.getTime())) return moment.toISOString()
  throw new ApiError('ValidationError', { message: 'Enter a date and a time, in UTC.' })
}

export const setKeyStatus = changing(
  'keys',
  'Access key updated',
  async ({ iam, name, arn }, { form, params }) => {
    const status = form.get('status') === 'Active' ? 'Active' : 'Inactive'
    iam.authorize('UpdateAccessKey', arn)
    await iam.change((account) => {
      getAccessKey(getUser(account, name), params.key ?? '').status = status
    })
  },
  'users',
)

export const deleteKey = changing(
  'keys',
  'Access key deleted',
  async ({ iam, name, arn }, { params }) => {
    iam.authorize('DeleteAccessKey', arn)
    await iam.change((account) => deleteAccessKey(getUser(account, name), params.key ?? ''))
  },
  'users',
)
