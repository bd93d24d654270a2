/** Entities as AWS's elements, with names and order of the service model of @aws-sdk/client-iam. */

import { defaultVersionOf, usesOf } from '#identity/accounts/managed-policies.ts'
import type { AccessKey } from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import type { Group } from '#identity/entities/group.ts'
import type { InstanceProfile } from '#identity/entities/instance-profile.ts'
import { type ManagedPolicy, type PolicyVersion, policyArn } from '#identity/entities/managed-policy.ts'
import type { Role } from '#identity/entities/role.ts'
import type { User } from '#identity/entities/user.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'
import { awsEncode } from '#lib/text/uri.ts'
import type { XmlTree } from '#lib/text/xml.ts'

/** Dates in whole seconds, as on AWS. */
export const formatDate = (iso: string): string => `${iso.slice(0, 19)}Z`

/** Policies are sent percent-encoded. */
export const formatDocument = (text: PolicyText): string => awsEncode(JSON.stringify(text))

export const formatTags = (tags: Readonly<Record<string, string>>): XmlTree | undefined => {
  const entries = Object.entries(tags)
  if (entries.length === 0) return undefined
  return { member: entries.map(([Key, Value]) => ({ Key, Value })) }
}

const formatBoundary = (arn: string | undefined): XmlTree | undefined =>
  arn === undefined ? undefined : { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: arn }

/** The fields in lists, where AWS leaves out tags and boundary. */
export const userBrief = (account: Account, user: User): XmlTree => ({
  Path: user.path,
  UserName: user.name,
  UserId: user.id,
  Arn: arnOf(account.id, 'user', user),
  CreateDate: formatDate(user.createdAt),
})

export const userShape = (account: Account, user: User): XmlTree => ({
  ...userBrief(account, user),
  PermissionsBoundary: formatBoundary(user.boundary),
  Tags: formatTags(user.tags),
})

export const groupShape = (account: Account, group: Group): XmlTree => ({
  Path: group.path,
  GroupName: group.name,
  GroupId: group.id,
  Arn: arnOf(account.id, 'group', group),
  CreateDate: formatDate(group.createdAt),
})

export const roleBrief = (account: Account, role: Role): XmlTree => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: arnOf(account.id, 'role', role),
  CreateDate: formatDate(role.createdAt),
  AssumeRolePolicyDocument: formatDocument(role.trust),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
})

export const roleShape = (account: Account, role: Role, lastUsed?: XmlTree): XmlTree => ({
  ...roleBrief(account, role),
  PermissionsBoundary: formatBoundary(role.boundary),
  Tags: formatTags(role.tags),
  ...(lastUsed === undefined ? {} : { RoleLastUsed: lastUsed }),
})

export function policyShape(account: Account, arn: string, policy: ManagedPolicy): XmlTree {
  const uses = usesOf(account, arn)
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: uses.attached,
    PermissionsBoundaryUsageCount: uses.boundaries,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: formatDate(policy.createdAt),
    UpdateDate: formatDate(policy.updatedAt ?? policy.createdAt),
    Tags: formatTags(policy.tags),
  }
}

export const versionShape = (
  policy: ManagedPolicy,
  version: PolicyVersion,
  document: 'document' | 'brief',
): XmlTree => ({
  ...(document === 'document' ? { Document: formatDocument(version.document) } : {}),
  VersionId: version.id,
  IsDefaultVersion: version.id === defaultVersionOf(policy).id,
  CreateDate: formatDate(version.createdAt),
})

export const instanceProfileShape = (account: Account, profile: InstanceProfile): XmlTree => ({
  Path: profile.path,
  InstanceProfileName: profile.name,
  InstanceProfileId: profile.id,
  Arn: arnOf(account.id, 'instance-profile', profile),
  CreateDate: formatDate(profile.createdAt),
  Roles: {
    member: account.roles.filter(({ name }) => profile.roles.includes(name)).map((role) => roleBrief(account, role)),
  },
  Tags: formatTags(profile.tags),
})

export const accessKeyShape = (userName: string, { id, status, createdAt }: AccessKey): XmlTree => ({
  UserName: userName,
  AccessKeyId: id,
  Status: status,
  CreateDate: formatDate(createdAt),
})

/** Finds a policy by ARN: the account's own, or AWS's. */
export const policyArnIn = (account: Account, policy: ManagedPolicy): string =>
  account.policies.includes(policy)
    ? policyArn(account.id, policy)
    : `arn:aws:iam::aws:policy${policy.path}${policy.name}`
