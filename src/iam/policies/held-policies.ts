/**
 * Inline and attached policies of users, groups and roles, and boundaries: the same operations for each kind, made from
 * one description.
 */
import type { TextRule } from '#http/aws-service/constraint.ts'
import { answerPage, pageOf, readPolicy } from '#iam/reading.ts'
import type { IamRow, TargetOf } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { formatDocument } from '#iam/shapes.ts'
import { onGroup, onRole, onUser } from '#iam/targets.ts'
import { getGroup } from '#identity/accounts/groups.ts'
import { getAttachable } from '#identity/accounts/managed-policies.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { getUser } from '#identity/accounts/users.ts'
import type { Account } from '#identity/entities/account.ts'
import {
  attach,
  type Bounded,
  deleteInline,
  detach,
  getInline,
  type HolderKind,
  holderKinds,
  type PolicyHolder,
  putInline,
  removeBoundary,
  setBoundary,
} from '#identity/entities/policy-holder.ts'

interface HolderNoun {
  readonly noun: 'User' | 'Group' | 'Role'
  readonly kind: HolderKind
  readonly nameRule: TextRule
  readonly get: (account: Account, name: string) => PolicyHolder & Bounded & { name: string }
  readonly on: TargetOf
}

const users = { noun: 'User', kind: holderKinds.user, nameRule: rules.userName, get: getUser, on: onUser } as const
const groups = {
  noun: 'Group',
  kind: holderKinds.group,
  nameRule: rules.groupName,
  get: getGroup,
  on: onGroup,
} as const
const roles = { noun: 'Role', kind: holderKinds.role, nameRule: rules.roleName, get: getRole, on: onRole } as const

export const heldPolicyRows: readonly IamRow[] = [users, groups, roles].flatMap((holder) => [
  ...inlineRows(holder),
  ...attachedRows(holder),
])

export const boundaryRows: readonly IamRow[] = [users, roles].flatMap(rowsOfBoundary)

function inlineRows({ noun, kind, nameRule, get, on }: HolderNoun): IamRow[] {
  const parameter = `${noun}Name`
  return [
    {
      name: `Put${noun}Policy`,
      on,
      async run({ params, change }) {
        const holder = params.get(parameter, nameRule)
        const name = params.get('PolicyName', rules.policyName)
        const text = readPolicy(params, 'PolicyDocument', 'identity')
        await change((account) => putInline(kind, get(account, holder), name, text))
        return undefined
      },
    },
    {
      name: `Get${noun}Policy`,
      on,
      run({ params, account }) {
        const holder = get(account, params.get(parameter, nameRule))
        const name = params.get('PolicyName', rules.policyName)
        const document = formatDocument(getInline(kind, holder, name))
        return { [parameter]: holder.name, PolicyName: name, PolicyDocument: document }
      },
    },
    {
      name: `List${noun}Policies`,
      on,
      run({ params, account }) {
        const { inline } = get(account, params.get(parameter, nameRule))
        return answerPage(
          'PolicyNames',
          pageOf(params, Object.keys(inline), (name) => name),
          (name) => name,
        )
      },
    },
    {
      name: `Delete${noun}Policy`,
      on,
      async run({ params, change }) {
        const holder = params.get(parameter, nameRule)
        const name = params.get('PolicyName', rules.policyName)
        await change((account) => deleteInline(kind, get(account, holder), name))
        return undefined
      },
    },
  ]
}

function attachedRows({ noun, kind, nameRule, get, on }: HolderNoun): IamRow[] {
  const parameter = `${noun}Name`
  return [
    {
      name: `Attach${noun}Policy`,
      on,
      async run({ params, change }) {
        const name = params.get(parameter, nameRule)
        const arn = params.get('PolicyArn', rules.arn)
        await change((account) => {
          const holder = get(account, name)
          getAttachable(account, arn)
          attach(kind, holder, arn)
        })
        return undefined
      },
    },
    {
      name: `Detach${noun}Policy`,
      on,
      async run({ params, change }) {
        const name = params.get(parameter, nameRule)
        const arn = params.get('PolicyArn', rules.arn)
        await change((account) => detach(get(account, name), arn))
        return undefined
      },
    },
    {
      name: `ListAttached${noun}Policies`,
      on,
      run({ params, account }) {
        const { attached } = get(account, params.get(parameter, nameRule))
        const prefix = params.find('PathPrefix', rules.pathPrefix) ?? '/'
        const chosen = attached.filter((arn) => arn.slice(arn.indexOf('/')).startsWith(prefix))
        return answerPage('AttachedPolicies', pageOf(params, chosen, policyNameOf), (arn) => ({
          PolicyName: policyNameOf(arn),
          PolicyArn: arn,
        }))
      },
    },
  ]
}

function rowsOfBoundary({ noun, kind, nameRule, get, on }: HolderNoun): IamRow[] {
  return [
    {
      name: `Put${noun}PermissionsBoundary`,
      on,
      async run({ params, change }) {
        const name = params.get(`${noun}Name`, nameRule)
        const arn = params.get('PermissionsBoundary', rules.arn)
        await change((account) => {
          const holder = get(account, name)
          getAttachable(account, arn)
          setBoundary(holder, arn)
        })
        return undefined
      },
    },
    {
      name: `Delete${noun}PermissionsBoundary`,
      on,
      async run({ params, change }) {
        const name = params.get(`${noun}Name`, nameRule)
        await change((account) => removeBoundary(kind, get(account, name)))
        return undefined
      },
    },
  ]
}

export const policyNameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)
