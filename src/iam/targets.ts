/** The targets of operations, from their parameters, with the path and tags of existing entities. */

import { findPolicy } from '#identity/accounts/managed-policies.ts'
import { findOidcProvider } from '#identity/accounts/oidc-providers.ts'
import { type Entity, findNamed, type Tagged } from '#identity/entities/entity.ts'
import { policyArn } from '#identity/entities/managed-policy.ts'
import { oidcProviderArn } from '#identity/entities/oidc-provider.ts'
import type { Bounded } from '#identity/entities/policy-holder.ts'
import { arnOf, rootArn } from '#identity/principals/principal-arn.ts'
import { accountPart } from '#model/account.ts'
import type { IamRequest, Target, TargetOf } from './request.ts'

/** For actions that policies can allow on `*` only. */
export const anything: TargetOf = () => ({ arn: '*' })

type Noun = 'user' | 'group' | 'role' | 'instance-profile'
const lists = { user: 'users', group: 'groups', role: 'roles', 'instance-profile': 'instanceProfiles' } as const

function named(noun: Noun, { account, params }: IamRequest, name: string): Target {
  const entity = findNamed<Entity & Partial<Tagged> & Bounded>(account[lists[noun]], name)
  const path = params.find('Path') ?? '/'
  const arn = arnOf(account.id, noun, entity ?? { name, path })
  const target = entity?.tags === undefined ? { arn } : { arn, tags: entity.tags }
  return withContext(params, target, entity?.boundary)
}

const byParameter =
  (noun: Noun, parameter: string): TargetOf =>
  (request) => {
    const name = request.params.find(parameter)
    // Without a name, the target is the caller.
    if (name === undefined && noun === 'user') return ownTarget(request)
    return named(noun, request, name ?? '')
  }

function ownTarget(request: IamRequest): Target {
  const { type, userName, account } = request.caller.requester
  return type === 'user' ? named('user', request, userName ?? '') : { arn: rootArn(account) }
}

/**
 * The boundary that will be set, otherwise the present one: a policy may limit a caller to users with a certain
 * boundary.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
 */
function withContext(params: IamRequest['params'], target: Target, own: string | undefined): Target {
  const policy = params.find('PolicyArn')
  const sets = /^(Create|Put\w+PermissionsBoundary$)/.test(params.find('Action') ?? '')
  const boundary = sets ? params.find('PermissionsBoundary') : own
  const context = {
    ...(policy === undefined ? {} : { 'iam:policyarn': policy }),
    ...(boundary === undefined ? {} : { 'iam:permissionsboundary': boundary }),
  }
  return Object.keys(context).length === 0 ? target : { ...target, context }
}

/**
 * The target under its new name and path.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html: "you must have the appropriate permissions
 * on both the source object and the target object".
 */
const moved =
  (noun: 'user' | 'group', parameter: string): TargetOf =>
  (request) => {
    const { account, params } = request
    const name = params.find(parameter) ?? ''
    const target = named(noun, request, name)
    const { path, name: ownName } = findNamed<Entity>(account[lists[noun]], name) ?? { path: '/', name }
    const there = { path: params.find('NewPath') ?? path, name: params.find(`New${parameter}`) ?? ownName }
    return { ...target, arn: arnOf(account.id, noun, there) }
  }

export const onMovedUser = moved('user', 'UserName')
export const onMovedGroup = moved('group', 'GroupName')

export const onUser = byParameter('user', 'UserName')
export const onGroup = byParameter('group', 'GroupName')
export const onRole = byParameter('role', 'RoleName')
export const onInstanceProfile = byParameter('instance-profile', 'InstanceProfileName')

/** All entities of a kind, for lists: `arn:aws:iam::123456789012:user/*`. */
export const onAll =
  (noun: 'user' | 'group' | 'role' | 'policy' | 'instance-profile' | 'oidc-provider'): TargetOf =>
  ({ account, params }) => ({
    arn: `arn:aws:iam::${accountPart(account.id)}:${noun}${params.find('PathPrefix') ?? '/'}`,
  })

export const onPolicy: TargetOf = ({ account, params }) => {
  const arn = params.find('PolicyArn')
  if (arn !== undefined) return { arn, tags: findPolicy(account, arn)?.tags ?? {} }
  return { arn: policyArn(account.id, { path: params.find('Path') ?? '/', name: params.find('PolicyName') ?? '' }) }
}

export const onOidcProvider: TargetOf = ({ account, params }) => {
  const arn = params.find('OpenIDConnectProviderArn')
  if (arn !== undefined) return { arn, tags: findOidcProvider(account, arn)?.tags ?? {} }
  return { arn: oidcProviderArn(account.id, params.find('Url') ?? '') }
}

/** The user who has the key. */
export const onKeyOwner: TargetOf = (request) => {
  const { account, params } = request
  const id = params.find('AccessKeyId')
  const user = account.users.find(({ keys }) => keys.some((key) => key.id === id))
  return user === undefined ? { arn: '*' } : { arn: arnOf(account.id, 'user', user), tags: user.tags }
}
