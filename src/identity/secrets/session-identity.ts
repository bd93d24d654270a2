/** The identity of temporary credentials, while their origin exists. */

import { awsPolicyArn } from '#identity/aws-policies/often-used.ts'
import { type Directory, requesterOf } from '#identity/directory.ts'
import { isUsable } from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import { mergedTags } from '#identity/entities/entity.ts'
import { issuerName } from '#identity/entities/oidc-provider.ts'
import { compiled } from '#identity/iam-document/policy-text.ts'
import { Identity, type IdentityParts } from '#identity/identity.ts'
import { arnOf, assumedRoleArn, federatedUserArn, rootArn } from '#identity/principals/principal-arn.ts'
import { numberless } from '#model/account.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import type { NamedPolicy, RequesterPolicies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'
import type { SessionClaims } from './session-token.ts'

/** Undefined if the key, user, role or provider of its origin was removed or disabled. */
export function findSessionIdentity(
  directory: Directory,
  claims: SessionClaims,
  sessionToken: string,
): Identity | undefined {
  const account = directory.findAccount(claims.account)
  if (account === undefined) return undefined
  const parts =
    claims.roleId === undefined ? partsOfUser(directory, account, claims) : partsOfRole(directory, account, claims)
  return parts && new Identity({ ...parts, ...credentialsOf(claims, sessionToken) })
}

type Parts = Pick<IdentityParts, 'requester' | 'policies' | 'displayName'>

/** Whether the key and the provider of the session are still usable. */
export function isSourceThere(directory: Directory, claims: SessionClaims, nowMs: number): boolean {
  const { account, sourceKeyId, providerUrl } = claims
  if (sourceKeyId !== undefined) {
    const entry = directory.findKey(sourceKeyId)
    if (entry === undefined || !isUsable(entry.key, nowMs)) return false
  }
  if (providerUrl === undefined) return true
  return (
    directory.findAccount(account)?.oidcProviders.some(({ url }) => issuerName(url) === issuerName(providerUrl)) ===
    true
  )
}

function partsOfRole(directory: Directory, account: Account, claims: SessionClaims): Parts | undefined {
  const role = directory.findRoleById(account, claims.roleId ?? '')
  if (role === undefined) return undefined
  const name = claims.name ?? ''
  const requester: Requester = {
    type: 'assumed-role',
    arn: assumedRoleArn(account.id, role.name, name),
    issuerArn: arnOf(account.id, 'role', role),
    account: account.id,
    userId: `${role.id}:${name}`,
    canonicalId: account.canonicalId,
    tags: mergedTags(role.tags, claims.tags),
    session: sessionKeys(claims),
    // Ceph's ARNs of sessions of roles without an account.
    ...(account.id === numberless ? { aliases: [`arn:aws:iam:::assumed-role/${role.name}/${name}`] } : {}),
  }
  const policies = directory.policiesOfRole(account, role)
  return { requester, displayName: `${role.name}/${name}`, policies: limited(directory, account, policies, claims) }
}

function partsOfUser(directory: Directory, account: Account, claims: SessionClaims): Parts | undefined {
  const entry = directory.findKey(claims.sourceKeyId ?? '')
  if (entry === undefined || entry.account !== account || entry.user?.id !== claims.userId) return undefined
  const { user } = entry
  const own = requesterOf(entry)
  const policies = user === undefined ? everything(directory, account) : directory.policiesOfUser(account, user)
  if (claims.kind === 'session-token') {
    const requester = { ...own, session: sessionKeys(claims) }
    return {
      requester,
      displayName: user?.name ?? account.displayName,
      policies: withKeyPolicies(policies, entry.key.policies),
    }
  }
  const name = claims.name ?? ''
  const requester: Requester = {
    type: 'federated-user',
    arn: federatedUserArn(account.id, name),
    issuerArn: user === undefined ? rootArn(account.id) : arnOf(account.id, 'user', user),
    account: account.id,
    userId: `${account.id}:${name}`,
    canonicalId: own.canonicalId,
    tags: mergedTags(user?.tags ?? {}, claims.tags),
    session: sessionKeys(claims),
  }
  const limits = sessionPolicies(directory, account, claims)
  // A federated user without a session policy may do only what resource policies allow.
  const session = limits.length === 0 ? [nothing] : limits
  return { requester, displayName: name, policies: { ...policies, session } }
}

/** The policies of a root's session. */
function everything(directory: Directory, account: Account): RequesterPolicies {
  const administrator = directory.findManaged(account, awsPolicyArn('AdministratorAccess'))
  return { identity: administrator === undefined ? [] : [administrator] }
}

/** Allows only what needs no permission. */
const nothing: NamedPolicy = {
  name: 'no session policy',
  policy: compilePolicy(
    parsePolicy(
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}}',
      'identity',
    ),
  ),
}

function limited(
  directory: Directory,
  account: Account,
  policies: RequesterPolicies,
  claims: SessionClaims,
): RequesterPolicies {
  const session = sessionPolicies(directory, account, claims)
  return session.length === 0 ? policies : { ...policies, session }
}

/** A removed managed policy grants nothing; the others still limit. */
function sessionPolicies(directory: Directory, account: Account, claims: SessionClaims): NamedPolicy[] {
  const own =
    claims.policy === undefined ? [] : [{ name: 'session policy', policy: compiled(claims.policy, 'identity') }]
  const managed = claims.policyArns.map((arn) => directory.findManaged(account, arn) ?? { ...nothing, name: arn })
  return [...own, ...managed]
}

/** The limit of a key with policies of its own. */
export function withKeyPolicies(
  policies: RequesterPolicies,
  texts: readonly Record<string, unknown>[] = [],
): RequesterPolicies {
  if (texts.length === 0) return policies
  const session = texts.map((text, at) => ({
    name: `policy ${at + 1} of the access key`,
    policy: compiled(text, 'identity'),
  }))
  return { ...policies, session }
}

function sessionKeys({ context, issuedAtMs, sourceIdentity }: SessionClaims): Record<string, string> {
  return {
    ...context,
    'aws:tokenissuetime': new Date(issuedAtMs).toISOString(),
    // There is no MFA here, and this condition key exists for temporary credentials only.
    'aws:multifactorauthpresent': 'false',
    // Ceph's condition key for temporary credentials.
    'sts:authentication': 'true',
    ...(sourceIdentity === undefined ? {} : { 'aws:sourceidentity': sourceIdentity }),
  }
}

function credentialsOf(claims: SessionClaims, sessionToken: string) {
  const { tags, transitiveTagKeys } = claims
  const transitive = transitiveTagKeys.flatMap((key) => (Object.hasOwn(tags, key) ? [[key, tags[key] ?? '']] : []))
  return {
    accessKeyId: claims.accessKeyId,
    secretAccessKey: claims.secret,
    sessionToken,
    session: {
      kind: claims.kind,
      expiresAtMs: claims.expiresAtMs,
      sourceKeyId: claims.sourceKeyId,
      roleId: claims.roleId,
      transitiveTags: Object.fromEntries(transitive) as Record<string, string>,
      sourceIdentity: claims.sourceIdentity,
    },
  }
}
