/** The maps of IAM and STS against the service models of AWS's own clients. */
import * as clientIam from '@aws-sdk/client-iam'
import * as clientSts from '@aws-sdk/client-sts'
import { describe, expect, it } from 'vitest'
import { operations as iamOperations } from '#iam/operations.ts'
import { operations as stsOperations } from '#sts/operations.ts'

const commandsOf = (client: object) =>
  Object.keys(client)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.replace(/Command$/, ''))
    .sort()
const namesOf = (rows: readonly { name: string }[]) => rows.map(({ name }) => name).sort()

/**
 * By its resources for users, groups, roles, policies, attachments, keys, profiles and providers: see
 * test/clients/terraform.
 */
const calledByTerraform = `
  AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AddUserToGroup AttachGroupPolicy AttachRolePolicy
  AttachUserPolicy CreateAccessKey CreateAccountAlias CreateGroup CreateInstanceProfile CreateLoginProfile
  CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole CreateUser DeleteAccessKey
  DeleteAccountAlias DeleteGroup DeleteGroupPolicy DeleteInstanceProfile DeleteLoginProfile
  DeleteOpenIDConnectProvider DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary
  DeleteRolePolicy DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachGroupPolicy DetachRolePolicy
  DetachUserPolicy GetGroup GetGroupPolicy GetInstanceProfile GetLoginProfile GetOpenIDConnectProvider GetPolicy
  GetPolicyVersion GetRole GetRolePolicy GetUser GetUserPolicy ListAccessKeys ListAccountAliases
  ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies ListEntitiesForPolicy ListGroupPolicies
  ListGroupsForUser ListInstanceProfilesForRole ListMFADevices ListPolicies ListPolicyVersions ListRolePolicies
  ListRoles ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUsers
  ListVirtualMFADevices PutGroupPolicy PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary
  PutUserPolicy RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile RemoveUserFromGroup
  TagInstanceProfile TagOpenIDConnectProvider TagPolicy TagRole TagUser UntagOpenIDConnectProvider UntagPolicy
  UntagRole UntagUser UpdateAccessKey UpdateAssumeRolePolicy UpdateGroup UpdateLoginProfile
  UpdateOpenIDConnectProviderThumbprint UpdateRole UpdateRoleDescription UpdateUser
  CreateServiceLinkedRole DeleteServiceLinkedRole GetServiceLinkedRoleDeletionStatus
`

describe('every operation of AWS has a row, served or said not to be', () => {
  it('in IAM', () => expect(namesOf(iamOperations)).toEqual(commandsOf(clientIam)))
  it('in STS', () => expect(namesOf(stsOperations)).toEqual(commandsOf(clientSts)))

  it('and more than a hundred of IAM are served', () => {
    expect(iamOperations.filter(({ on }) => on !== 'unsupported').length).toBeGreaterThan(100)
  })

  it('among them all that Terraform’s provider calls', () => {
    const served = new Set(iamOperations.filter(({ on }) => on !== 'unsupported').map(({ name }) => name))
    const called = calledByTerraform.trim().split(/\s+/)
    expect(called.filter((name) => !served.has(name))).toEqual([])
  })
})
