/** The coarse actions of iam.json version 1, and the identity policies that replace them. */
import { actions } from '#policy/actions.ts'
import type { PolicyDocument, Statement } from '#policy/document/document.ts'

export interface CoarseGrant {
  /** A bucket's name, or `*`. */
  readonly bucket: string
  /**
   * `list`, `read`, `write`, `delete`, `share`, `policy`, `*`, `iam:*`, the verbs below, or actions of AWS as their
   * aliases.
   */
  readonly actions: readonly string[]
}

const byCoarse = new Map<string, string[]>()
for (const { name, coarse } of actions.values()) {
  if (coarse !== undefined) byCoarse.set(coarse, [...(byCoarse.get(coarse) ?? []), name])
}

const verbs: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'iam:list_users',
    ['iam:ListUsers', 'iam:GetUser', 'iam:ListAccessKeys', 'iam:ListUserPolicies', 'iam:GetUserPolicy'],
  ],
  ['iam:create_user', ['iam:CreateUser', 'iam:CreateAccessKey', 'iam:PutUserPolicy']],
  ['iam:delete_user', ['iam:DeleteUser', 'iam:DeleteAccessKey', 'iam:DeleteUserPolicy']],
  ['iam:rotate_key', ['iam:CreateAccessKey', 'iam:UpdateAccessKey', 'iam:DeleteAccessKey', 'iam:ListAccessKeys']],
  ['iam:update_policy', ['iam:PutUserPolicy', 'iam:DeleteUserPolicy', 'iam:GetUserPolicy', 'iam:ListUserPolicies']],
])

/** A policy that allows what version 1 meant. Unknown names grant nothing. */
export function policyOfCoarseGrants(grants: readonly CoarseGrant[]): PolicyDocument {
  return { version: '2012-10-17', id: undefined, statements: grants.flatMap(statementsOf) }
}

function statementsOf(grant: CoarseGrant): Statement[] {
  const everywhere = grant.bucket === '*'
  const buckets = everywhere ? ['*'] : [`arn:aws:s3:::${grant.bucket}`, `arn:aws:s3:::${grant.bucket}/*`]
  const onBuckets = new Set<string>()
  const others = new Set<string>()
  for (const name of grant.actions) {
    const lower = name.toLowerCase()
    for (const action of s3ActionsOf(lower)) onBuckets.add(action)
    // Identities and keys do not belong to a bucket: only a grant for all buckets covers them.
    if (everywhere) for (const action of otherActionsOf(lower)) others.add(action)
  }
  return [
    ...(onBuckets.size > 0 ? [allow([...onBuckets], buckets)] : []),
    ...(others.size > 0 ? [allow([...others], ['*'])] : []),
  ]
}

function s3ActionsOf(name: string): readonly string[] {
  if (name === '*' || name === 's3:*') return ['s3:*']
  return byCoarse.get(name) ?? byCoarse.get(actions.get(name)?.coarse ?? '') ?? []
}

function otherActionsOf(name: string): readonly string[] {
  if (name === '*') return ['iam:*', 'sts:*', 'kms:*']
  if (name === 'iam:*') return ['iam:*', 'sts:*']
  const verb = verbs.get(name)
  if (verb !== undefined) return verb
  const row = actions.get(name)
  return row === undefined || row.name.startsWith('s3:') ? [] : [row.name]
}

function allow(values: readonly string[], resources: readonly string[]): Statement {
  return {
    sid: undefined,
    effect: 'Allow',
    principal: undefined,
    action: { isNegated: false, values },
    resource: { isNegated: false, values: resources },
    conditions: [],
  }
}
