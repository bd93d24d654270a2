import { answerPage, markerOf, nameKey, pageOf, readPath, readPolicy, readTags, underPrefix } from '#iam/reading.ts'
import type { IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { policyArnIn, policyShape, versionShape } from '#iam/shapes.ts'
import { onAll, onPolicy } from '#iam/targets.ts'
import {
  addVersion,
  createPolicy,
  defaultVersionOf,
  deletePolicy,
  deleteVersion,
  getOwnPolicy,
  getPolicy,
  getVersion,
  usesOf,
} from '#identity/accounts/managed-policies.ts'
import { allAwsPolicies } from '#identity/aws-policies/aws-policies.ts'
import type { Account } from '#identity/entities/account.ts'
import { tagsOf } from '#identity/entities/entity.ts'
import { policyArn } from '#identity/entities/managed-policy.ts'

export const policyRows: readonly IamRow[] = [
  {
    name: 'CreatePolicy',
    on: onPolicy,
    async run({ params, change }) {
      const given = {
        name: params.get('PolicyName', rules.policyName),
        path: readPath(params),
        description: params.find('Description', rules.description),
        document: readPolicy(params, 'PolicyDocument', 'identity'),
      }
      const tags = tagsOf(readTags(params))
      return change((account, nowMs) => {
        const policy = Object.assign(createPolicy(account, given, nowMs), { tags })
        return { Policy: policyShape(account, policyArn(account.id, policy), policy) }
      })
    },
  },
  {
    name: 'GetPolicy',
    on: onPolicy,
    run({ params, account }) {
      const arn = params.get('PolicyArn', rules.arn)
      return { Policy: policyShape(account, arn, getPolicy(account, arn)) }
    },
  },
  {
    name: 'ListPolicies',
    on: onAll('policy'),
    run({ params, account }) {
      const scope = params.findChoice('Scope', ['All', 'AWS', 'Local']) ?? 'All'
      const isAttachedOnly = params.findFlag('OnlyAttached') === true
      const usage = params.findChoice('PolicyUsageFilter', ['PermissionsPolicy', 'PermissionsBoundary'])
      const all = [
        ...(scope === 'AWS' ? [] : account.policies),
        ...(scope === 'Local' ? [] : allAwsPolicies().values()),
      ]
      const chosen = underPrefix(params, all).filter((policy) => {
        if (!isAttachedOnly && usage === undefined) return true
        const { attached, boundaries } = usesOf(account, policyArnIn(account, policy))
        if (usage === 'PermissionsBoundary') return boundaries > 0
        return attached > 0 || !isAttachedOnly
      })
      return answerPage('Policies', pageOf(params, chosen, nameKey), (policy) => {
        const { Description: _, Tags: __, ...brief } = policyShape(account, policyArnIn(account, policy), policy)
        return brief
      })
    },
  },
  {
    name: 'DeletePolicy',
    on: onPolicy,
    async run({ params, change }) {
      const arn = params.get('PolicyArn', rules.arn)
      await change((account) => deletePolicy(account, arn))
      return undefined
    },
  },
  {
    name: 'CreatePolicyVersion',
    on: onPolicy,
    async run({ params, change }) {
      const arn = params.get('PolicyArn', rules.arn)
      const document = readPolicy(params, 'PolicyDocument', 'identity')
      const isDefault = params.findFlag('SetAsDefault') === true
      return change((account, nowMs) => {
        const policy = getOwnPolicy(account, arn)
        const version = addVersion(policy, document, { isDefault, nowMs })
        return { PolicyVersion: versionShape(policy, version, 'brief') }
      })
    },
  },
  {
    name: 'GetPolicyVersion',
    on: onPolicy,
    run({ params, account }) {
      const arn = params.get('PolicyArn', rules.arn)
      const policy = getPolicy(account, arn)
      const version = getVersion(policy, arn, params.get('VersionId', rules.versionId))
      return { PolicyVersion: versionShape(policy, version, 'document') }
    },
  },
  {
    name: 'ListPolicyVersions',
    on: onPolicy,
    run({ params, account }) {
      const policy = getPolicy(account, params.get('PolicyArn', rules.arn))
      const newestFirst = (id: string) => String(1_000_000 - Number(id.slice(1)))
      const page = pageOf(params, policy.versions, ({ id }) => newestFirst(id))
      return answerPage('Versions', page, (version) => versionShape(policy, version, 'brief'))
    },
  },
  {
    name: 'SetDefaultPolicyVersion',
    on: onPolicy,
    async run({ params, change }) {
      const arn = params.get('PolicyArn', rules.arn)
      const id = params.get('VersionId', rules.versionId)
      await change((account) => {
        const policy = getOwnPolicy(account, arn)
        policy.defaultVersion = getVersion(policy, arn, id).id
      })
      return undefined
    },
  },
  {
    name: 'DeletePolicyVersion',
    on: onPolicy,
    async run({ params, change }) {
      const arn = params.get('PolicyArn', rules.arn)
      const id = params.get('VersionId', rules.versionId)
      await change((account, nowMs) => deleteVersion(getOwnPolicy(account, arn), arn, id, nowMs))
      return undefined
    },
  },
  {
    name: 'ListEntitiesForPolicy',
    on: onPolicy,
    run({ params, account }) {
      const arn = params.get('PolicyArn', rules.arn)
      defaultVersionOf(getPolicy(account, arn))
      const filter = params.findChoice('EntityFilter', [
        'User',
        'Role',
        'Group',
        'LocalManagedPolicy',
        'AWSManagedPolicy',
      ])
      const usage = params.findChoice('PolicyUsageFilter', ['PermissionsPolicy', 'PermissionsBoundary'])
      const holders = holdersOf(account, arn, usage).filter(({ noun }) => filter === undefined || filter === noun)
      const page = pageOf(params, underPrefix(params, holders), ({ noun, name }) => `${noun} ${name.toLowerCase()}`)
      const member = (noun: string) =>
        page.items
          .filter((holder) => holder.noun === noun)
          .map(({ name, id }) => ({ [`${noun}Name`]: name, [`${noun}Id`]: id }))
      return {
        PolicyGroups: { member: member('Group') },
        PolicyUsers: { member: member('User') },
        PolicyRoles: { member: member('Role') },
        ...markerOf(page),
      }
    },
  },
]

interface Holder {
  readonly noun: 'User' | 'Group' | 'Role'
  readonly name: string
  readonly id: string
  readonly path: string
}

/** The entities that have the policy: attached, as a boundary, or either. */
function holdersOf(account: Account, arn: string, usage: string | undefined): Holder[] {
  const isAttached = ({ attached }: { attached: string[] }) => usage !== 'PermissionsBoundary' && attached.includes(arn)
  const isBound = ({ boundary }: { boundary?: string | undefined }) =>
    usage === 'PermissionsBoundary' && boundary === arn
  return [
    ...account.users
      .filter((user) => isAttached(user) || isBound(user))
      .map((user) => ({ ...user, noun: 'User' as const })),
    ...account.groups.filter(isAttached).map((group) => ({ ...group, noun: 'Group' as const })),
    ...account.roles
      .filter((role) => isAttached(role) || isBound(role))
      .map((role) => ({ ...role, noun: 'Role' as const })),
  ]
}
