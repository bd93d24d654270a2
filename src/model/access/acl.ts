/**
 * Access control lists: the access of accounts and groups to a bucket or an object version. Without a stored list only
 * the owner has access, so the canned ACL `private` is never stored.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
 */
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

export const permissions = ['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP', 'FULL_CONTROL'] as const
export type Permission = (typeof permissions)[number]

export const groupUris = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
} as const
export type Group = keyof typeof groupUris

/** An account by its canonical id, or one of S3's groups. */
export type Grantee = { readonly id: string } | { readonly group: Group }

export interface Grant {
  readonly grantee: Grantee
  readonly permission: Permission
}

export type Acl = readonly Grant[]

export const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
] as const
export type CannedAcl = (typeof cannedAcls)[number]

/** The account of EC2, which reads machine images under `aws-exec-read`. */
const ec2Id = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c'

const toGroup = (group: Group, permission: Permission): Grant => ({ grantee: { group }, permission })
const toAccount = (id: string, permission: Permission): Grant => ({ grantee: { id }, permission })

/**
 * The grants of a canned ACL: FULL_CONTROL to the owner first, as S3 lists it. For a bucket, `bucketOwnerId` is the
 * owner.
 */
export function expandCannedAcl(name: CannedAcl, ownerId: string, bucketOwnerId: string): Acl {
  const owner = toAccount(ownerId, 'FULL_CONTROL')
  const ofBucketOwner = (permission: Permission) =>
    bucketOwnerId === ownerId ? [owner] : [owner, toAccount(bucketOwnerId, permission)]
  switch (name) {
    case 'private':
      return [owner]
    case 'public-read':
      return [owner, toGroup('AllUsers', 'READ')]
    case 'public-read-write':
      return [owner, toGroup('AllUsers', 'READ'), toGroup('AllUsers', 'WRITE')]
    case 'authenticated-read':
      return [owner, toGroup('AuthenticatedUsers', 'READ')]
    case 'aws-exec-read':
      return [owner, toAccount(ec2Id, 'READ')]
    case 'log-delivery-write':
      return [owner, toGroup('LogDelivery', 'WRITE'), toGroup('LogDelivery', 'READ_ACP')]
    case 'bucket-owner-read':
      return ofBucketOwner('READ')
    case 'bucket-owner-full-control':
      return ofBucketOwner('FULL_CONTROL')
  }
}

/** The list to show if none is stored. */
export const privateAcl = (ownerId: string): Acl => [toAccount(ownerId, 'FULL_CONTROL')]

/** Undefined if nothing has to be stored: FULL_CONTROL to the owner and nothing else. */
export function aclToKeep(acl: Acl, ownerId: string): Acl | undefined {
  const [first] = acl
  const isPrivate = acl.length === 1 && first !== undefined && grantsAll(first, ownerId)
  return isPrivate ? undefined : acl
}

export const grantsAll = ({ grantee, permission }: Grant, id: string): boolean =>
  permission === 'FULL_CONTROL' && 'id' in grantee && grantee.id === id

/** Whether it grants everything to this account, and nothing to others. */
export const grantsAllToOne = (acl: Acl, id: string): boolean =>
  acl.length > 0 && acl.every((grant) => grantsAll(grant, id))

/** Whether it grants anything to others than the owner. */
export const grantsToOthers = (acl: Acl, ownerId: string): boolean =>
  acl.some(({ grantee }) => !('id' in grantee) || grantee.id !== ownerId)

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html, "The meaning of
 * public"
 */
export const isPublicGrant = ({ grantee }: Grant): boolean => 'group' in grantee && grantee.group !== 'LogDelivery'
export const isPublicAcl = (acl: Acl): boolean => acl.some(isPublicGrant)

export function groupOfUri(uri: string): Group | undefined {
  return (Object.keys(groupUris) as Group[]).find((group) => groupUris[group] === uri)
}

export function assertAclSize(acl: Acl): void {
  if (acl.length > limits.aclGrantsMax) throw new ApiError('MalformedACLError')
}
