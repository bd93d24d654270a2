/**
 * Everything in an account, in one paged answer.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
 */

import { policyNameOf } from '#iam/policies/held-policies.ts'
import { includesName, markerOf, pageOf } from '#iam/reading.ts'
import type { IamRow } from '#iam/request.ts'
import {
  formatDocument,
  groupShape,
  instanceProfileShape,
  policyArnIn,
  policyShape,
  roleShape,
  userShape,
  versionShape,
} from '#iam/shapes.ts'
import { anything } from '#iam/targets.ts'
import { allAwsPolicies } from '#identity/aws-policies/aws-policies.ts'
import type { Account } from '#identity/entities/account.ts'
import type { ManagedPolicy } from '#identity/entities/managed-policy.ts'
import type { PolicyHolder } from '#identity/entities/policy-holder.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'

const filters = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'] as const
type Filter = (typeof filters)[number]

interface Entry {
  readonly filter: Filter
  readonly list: 'UserDetailList' | 'GroupDetailList' | 'RoleDetailList' | 'Policies'
  readonly key: string
  readonly shape: () => XmlTree
}

export const authorizationDetailsRow: IamRow = {
  name: 'GetAccountAuthorizationDetails',
  on: anything,
  run({ params, account }) {
    const wanted = params.list('Filter', { maxItems: filters.length })
    for (const filter of wanted) {
      if (filters.some((one) => one === filter)) continue
      throw new ApiError('ValidationError', { message: `Invalid filter: ${filter}` })
    }
    const entries = entriesOf(account).filter(({ filter }) => wanted.length === 0 || wanted.includes(filter))
    const page = pageOf(params, entries, ({ list, key }) => `${list} ${key}`)
    const member = (list: Entry['list']) => ({
      member: page.items.filter((entry) => entry.list === list).map(({ shape }) => shape()),
    })
    return {
      UserDetailList: member('UserDetailList'),
      GroupDetailList: member('GroupDetailList'),
      RoleDetailList: member('RoleDetailList'),
      Policies: member('Policies'),
      ...markerOf(page),
    }
  },
}

function entriesOf(account: Account): Entry[] {
  const policy =
    (filter: Filter) =>
    (one: ManagedPolicy): Entry => {
      const arn = policyArnIn(account, one)
      return { filter, list: 'Policies', key: arn, shape: () => policyDetail(account, arn, one) }
    }
  return [
    ...account.users.map(
      (user): Entry => ({
        filter: 'User',
        list: 'UserDetailList',
        key: user.name,
        shape: () => ({
          ...userShape(account, user),
          ...held('UserPolicyList', user),
          GroupList: { member: user.groups },
        }),
      }),
    ),
    ...account.groups.map(
      (group): Entry => ({
        filter: 'Group',
        list: 'GroupDetailList',
        key: group.name,
        shape: () => ({ ...groupShape(account, group), ...held('GroupPolicyList', group) }),
      }),
    ),
    ...account.roles.map(
      (role): Entry => ({
        filter: 'Role',
        list: 'RoleDetailList',
        key: role.name,
        shape() {
          const profiles = account.instanceProfiles.filter(({ roles }) => includesName(roles, role.name))
          const member = profiles.map((profile) => instanceProfileShape(account, profile))
          const { MaxSessionDuration: _, ...shape } = roleShape(account, role)
          return { ...shape, ...held('RolePolicyList', role), InstanceProfileList: { member } }
        },
      }),
    ),
    ...account.policies.map(policy('LocalManagedPolicy')),
    ...[...allAwsPolicies().values()].map(policy('AWSManagedPolicy')),
  ]
}

const held = (inlineList: string, { inline, attached }: PolicyHolder): XmlTree => ({
  [inlineList]: {
    member: Object.entries(inline).map(([PolicyName, text]) => ({ PolicyName, PolicyDocument: formatDocument(text) })),
  },
  AttachedManagedPolicies: { member: attached.map((arn) => ({ PolicyName: policyNameOf(arn), PolicyArn: arn })) },
})

const policyDetail = (account: Account, arn: string, policy: ManagedPolicy): XmlTree => ({
  ...policyShape(account, arn, policy),
  PolicyVersionList: { member: policy.versions.map((version) => versionShape(policy, version, 'document')) },
})
