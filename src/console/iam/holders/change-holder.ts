/**
 * Changes of a user, a group or a role from its page. Each is the action of the same name in IAM's API, with its
 * permission.
 */
import { pageOr } from '#console/answer/page-or.ts'
import { type Iam, openIam } from '#console/iam/open-iam.ts'
import { parsePolicyText } from '#console/iam/policies/policy-form.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import { deleteGroup, getGroup } from '#identity/accounts/groups.ts'
import { getAttachable } from '#identity/accounts/managed-policies.ts'
import { deleteRole } from '#identity/accounts/roles.ts'
import { deleteLinkedRole } from '#identity/accounts/service-linked-roles.ts'
import { addToGroup, deleteUser, getUser, removeFromGroup } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import { namePattern } from '#identity/entities/entity.ts'
import { attach, deleteInline, detach, putInline } from '#identity/entities/policy-holder.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { askedHolder, groups, type HolderDescription, holderArn, holderHref } from './holders.ts'
import { deletionAction, isLinkedRole, removalSteps } from './removal-steps.ts'
import { type HolderProblem, holderView } from './show-holder.ts'

interface Change {
  readonly iam: Iam
  readonly description: HolderDescription
  readonly name: string
  readonly arn: string
}

/** A page that changes the holder and shows it again, with an error beside what was typed. */
export function changing(
  where: HolderProblem['where'],
  done: string,
  run: (change: Change, visit: Visit, services: ConsoleServices) => Promise<unknown>,
  only?: HolderDescription['plural'],
): Page {
  return async (visit, services) => {
    const { description, name } = askedHolder(visit, only)
    const iam = openIam(visit, services)
    try {
      await run({ iam, description, name, arn: holderArn(iam.account, description, name) }, visit, services)
    } catch (error) {
      const refusal = refusalOf(error)
      const problem = { where, text: refusal.message, status: refusal.status }
      return pageOr(refusal, () => holderView(visit, services, description, name, problem))
    }
    return { redirect: holderHref(description.plural, name), notice: { kind: 'done', text: done } }
  }
}

export const attachPolicy = changing('policies', 'Policy attached', async (change, { form }) => {
  const { iam, description, name, arn } = change
  const policy = form.get('policy') ?? ''
  iam.authorize(`Attach${description.noun}Policy`, arn, { 'iam:policyarn': policy })
  await iam.change((account) => {
    getAttachable(account, policy)
    attach(description.kind, description.get(account, name), policy)
  })
})

export const detachPolicy = changing('policies', 'Policy detached', async (change, { form }) => {
  const { iam, description, name, arn } = change
  const policy = form.get('policy') ?? ''
  iam.authorize(`Detach${description.noun}Policy`, arn, { 'iam:policyarn': policy })
  await iam.change((account) => detach(description.get(account, name), policy))
})

export const saveInline = changing('inline', 'Inline policy saved', async (change, { form }) => {
  const { iam, description, name, arn } = change
  const policyName = form.get('policyName')?.trim() ?? ''
  if (!namePattern.test(policyName)) {
    throw new ApiError('ValidationError', { message: 'A policy needs a name: letters, digits and _+=,.@-.' })
  }
  const text = parsePolicyText(form.get('document') ?? '')
  iam.authorize(`Put${description.noun}Policy`, arn)
  await iam.change((account) => putInline(description.kind, description.get(account, name), policyName, text))
})

export const removeInline = changing('inline', 'Inline policy deleted', async (change, { form }) => {
  const { iam, description, name, arn } = change
  iam.authorize(`Delete${description.noun}Policy`, arn)
  await iam.change((account) =>
    deleteInline(description.kind, description.get(account, name), form.get('policyName') ?? ''),
  )
})

export const joinGroup = changing(
  'groups',
  'User added to the group',
  ({ iam, name }, { form }) =>
    changeMembership(iam, 'AddUserToGroup', form.get('group') ?? '', (account, group) => {
      getGroup(account, group)
      addToGroup(account, getUser(account, name), group)
    }),
  'users',
)

export const leaveGroup = changing(
  'groups',
  'User removed from the group',
  ({ iam, name }, { form }) =>
    changeMembership(iam, 'RemoveUserFromGroup', form.get('group') ?? '', (account, group) =>
      removeFromGroup(getUser(account, name), group),
    ),
  'users',
)

/** Membership is a permission on the group. */
async function changeMembership(
  iam: Iam,
  action: string,
  group: string,
  alter: (account: Account, group: string) => void,
): Promise<void> {
  iam.authorize(action, holderArn(iam.account, groups, group))
  await iam.change((account) => alter(account, group))
}

/** Removes everything it holds first, as the API requires. Nothing is removed unless the visitor may do every step. */
export const deleteHolder: Page = async (visit, services) => {
  const { description, name } = askedHolder(visit)
  const { plural, get } = description
  const iam = openIam(visit, services)
  iam.authorize(deletionAction(iam.account, description, name), holderArn(iam.account, description, name))
  try {
    await iam.change((account) => {
      for (const { action, arn, keys } of removalSteps(account, description, name)) iam.authorize(action, arn, keys)
      if (isLinkedRole(account, description, name)) return deleteLinkedRole(account, name)
      const holder = get(account, name)
      Object.assign(holder, { attached: [], inline: {} })
      if (plural === 'users') {
        const user = getUser(account, name)
        Object.assign(user, { keys: [], groups: [] })
        delete user.login
        deleteUser(account, name)
      } else if (plural === 'groups') deleteGroup(account, name)
      else deleteRole(account, name)
      return undefined
    })
  } catch (error) {
    const refusal = refusalOf(error)
    const problem = { where: 'danger', text: refusal.message, status: refusal.status } as const
    return pageOr(refusal, () => holderView(visit, services, description, name, problem))
  }
  return { redirect: `/ui/iam/${plural}`, notice: { kind: 'done', text: `${description.noun} ${name} deleted` } }
}
