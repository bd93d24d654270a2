/** The account as a whole: its alias, its summary, and lists that are always empty here. */

import type { IamRow } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { anything, onUser } from '#iam/targets.ts'
import { getUser } from '#identity/accounts/users.ts'
import { allAwsPolicies } from '#identity/aws-policies/aws-policies.ts'
import { groupKind } from '#identity/entities/group.ts'
import { instanceProfileKind } from '#identity/entities/instance-profile.ts'
import { policyKind } from '#identity/entities/managed-policy.ts'
import { holderKinds } from '#identity/entities/policy-holder.ts'
import { roleKind } from '#identity/entities/role.ts'
import { userKind } from '#identity/entities/user.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

const aliasRows: readonly IamRow[] = [
  {
    name: 'CreateAccountAlias',
    on: anything,
    async run({ params, change, account: { id }, identities }) {
      const alias = params.get('AccountAlias', rules.alias)
      for (const other of identities.directory.accounts) {
        if (other.id === id || other.alias !== alias) continue
        throw new ApiError('EntityAlreadyExists', { message: `The account alias ${alias} already exists.` })
      }
      await change((account) => {
        account.alias = alias
      })
      return undefined
    },
  },
  {
    name: 'DeleteAccountAlias',
    on: anything,
    async run({ params, change }) {
      const alias = params.get('AccountAlias', rules.alias)
      await change((account) => {
        if (account.alias !== alias) {
          throw new ApiError('NoSuchEntity', { message: `The account alias ${alias} cannot be found.` })
        }
        delete account.alias
      })
      return undefined
    },
  },
  {
    name: 'ListAccountAliases',
    on: anything,
    run: ({ account }) => ({
      AccountAliases: { member: account.alias === undefined ? [] : [account.alias] },
      IsTruncated: false,
    }),
  },
]

const summaryRow: IamRow = {
  name: 'GetAccountSummary',
  on: anything,
  run({ account }) {
    const summary = {
      Users: account.users.length,
      UsersQuota: userKind.max,
      Groups: account.groups.length,
      GroupsQuota: groupKind.max,
      Roles: account.roles.length,
      RolesQuota: roleKind.max,
      Policies: account.policies.length,
      PoliciesQuota: policyKind.max,
      PolicyVersionsInUse: account.policies.reduce((sum, { versions }) => sum + versions.length, 0),
      PolicyVersionsInUseQuota: 10_000,
      VersionsPerPolicyQuota: 5,
      InstanceProfiles: account.instanceProfiles.length,
      InstanceProfilesQuota: instanceProfileKind.max,
      Providers: account.oidcProviders.length,
      AccessKeysPerUserQuota: 2,
      GroupsPerUserQuota: 10,
      AttachedPoliciesPerUserQuota: 10,
      AttachedPoliciesPerGroupQuota: 10,
      AttachedPoliciesPerRoleQuota: 10,
      UserPolicySizeQuota: holderKinds.user.inlineCharactersMax,
      GroupPolicySizeQuota: holderKinds.group.inlineCharactersMax,
      RolePolicySizeQuota: holderKinds.role.inlineCharactersMax,
      PolicySizeQuota: limits.managedPolicyCharacters,
      AssumeRolePolicySizeQuota: 2048,
      MFADevices: 0,
      MFADevicesInUse: 0,
      AccountMFAEnabled: 0,
      AccountAccessKeysPresent: account.keys.length > 0 ? 1 : 0,
      AccountSigningCertificatesPresent: 0,
      AccountPasswordPresent: 0,
      ServerCertificates: 0,
      ServerCertificatesQuota: 0,
      SigningCertificatesPerUserQuota: 0,
      AWSManagedPolicies: allAwsPolicies().size,
    }
    return { SummaryMap: { entry: Object.entries(summary).map(([key, value]) => ({ key, value })) } }
  },
}

/** Always empty: tools read these lists before they delete a user. */
const emptyLists: readonly IamRow[] = [
  emptyList('ListMFADevices', 'MFADevices'),
  emptyList('ListSSHPublicKeys', 'SSHPublicKeys'),
  emptyList('ListSigningCertificates', 'Certificates'),
  emptyList('ListServiceSpecificCredentials', 'ServiceSpecificCredentials'),
  { ...emptyList('ListVirtualMFADevices', 'VirtualMFADevices'), on: anything },
  { ...emptyList('ListServerCertificates', 'ServerCertificateMetadataList'), on: anything },
  { ...emptyList('ListSAMLProviders', 'SAMLProviderList'), on: anything },
]

/** NoSuchEntity if there is no such user. */
function emptyList(name: string, element: string): IamRow {
  return {
    name,
    on: onUser,
    run({ params, account }) {
      const user = params.find('UserName', rules.userName)
      if (user !== undefined) getUser(account, user)
      return { [element]: {}, IsTruncated: false }
    },
  }
}

const passwordPolicyRow: IamRow = {
  name: 'GetAccountPasswordPolicy',
  on: anything,
  run({ account }) {
    throw new ApiError('NoSuchEntity', {
      message: `The Password Policy with domain name ${account.id} cannot be found.`,
    })
  },
}

export const accountRows: readonly IamRow[] = [...aliasRows, summaryRow, passwordPolicyRow, ...emptyLists]
