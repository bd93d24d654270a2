import { pageOr } from '#console/answer/page-or.ts'
import { openIam } from '#console/iam/open-iam.ts'
import type { Page } from '#console/page.ts'
import { createGroup } from '#identity/accounts/groups.ts'
import { createUser } from '#identity/accounts/users.ts'
import { namePattern } from '#identity/entities/entity.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { askedHolder, holderArn, holderHref } from './holders.ts'
import { listView } from './list-holders.ts'
import { makeRole } from './roles.ts'

/** Creates a user, a group or a role. It may do nothing until it has policies. */
export const createHolder: Page = async (visit, services) => {
  const { description } = askedHolder(visit)
  const { plural, noun } = description
  const iam = openIam(visit, services)
  const name = visit.form.get('name')?.trim() ?? ''
  try {
    if (!namePattern.test(name) || name.length > 64) {
      throw new ApiError('ValidationError', { message: 'A name has up to 64 letters, digits and _+=,.@-.' })
    }
    const arn = holderArn(iam.account, description, name)
    if (plural === 'roles') await makeRole(visit, services, iam, { name, arn })
    else {
      iam.authorize(`Create${noun}`, arn)
      await iam.change((account, nowMs) => {
        if (plural === 'users') createUser(account, { name, path: '/' }, nowMs)
        else createGroup(account, { name, path: '/' }, nowMs)
      })
    }
  } catch (error) {
    const refusal = refusalOf(error)
    const problem = { text: refusal.message, status: refusal.status, name }
    return pageOr(refusal, () => listView(visit, services, description, problem))
  }
  return { redirect: holderHref(plural, name), notice: { kind: 'done', text: `${noun} ${name} created` } }
}
