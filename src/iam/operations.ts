/**
 * The table of IAM: every operation, its target and its function. The permission for each is `iam:` and its name.
 * Operations that several kinds share are made from one description (policies/held-policies.ts, tags.ts). All names are
 * those of the service model inside @aws-sdk/client-iam.
 */

import { accountRows } from './account/account.ts'
import { authorizationDetailsRow } from './account/authorization-details.ts'
import { credentialReportRows } from './account/credential-report.ts'
import { accessKeyRows } from './entities/access-keys.ts'
import { groupRows } from './entities/groups.ts'
import { instanceProfileRows } from './entities/instance-profiles.ts'
import { loginProfileRows } from './entities/login-profiles.ts'
import { oidcProviderRows } from './entities/oidc-providers.ts'
import { roleRows } from './entities/roles.ts'
import { serviceLinkedRoleRows } from './entities/service-linked-roles.ts'
import { userRows } from './entities/users.ts'
import { contextKeyRows } from './policies/context-keys.ts'
import { boundaryRows, heldPolicyRows } from './policies/held-policies.ts'
import { policyRows } from './policies/policies.ts'
import { simulateRows } from './policies/simulate.ts'
import type { IamRow } from './request.ts'
import { tagRows } from './tags.ts'
import { unsupportedRows } from './unsupported.ts'

export const operations: readonly IamRow[] = [
  // CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser, AddUserToGroup, RemoveUserFromGroup, ListGroupsForUser
  ...userRows,
  // CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed
  ...accessKeyRows,
  // CreateLoginProfile, GetLoginProfile, UpdateLoginProfile, DeleteLoginProfile, ChangePassword
  ...loginProfileRows,
  // CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup
  ...groupRows,
  // CreateRole, GetRole, ListRoles, UpdateRole, UpdateRoleDescription, UpdateAssumeRolePolicy, DeleteRole
  ...roleRows,
  // CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus
  ...serviceLinkedRoleRows,
  // Put, Get, List and Delete of User, Group and Role policies; Attach, Detach and ListAttached of each
  ...heldPolicyRows,
  // Put and Delete of User and Role permissions boundaries
  ...boundaryRows,
  // CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, ListEntitiesForPolicy; versions: Create, Get, List,
  // SetDefault, Delete
  ...policyRows,
  // Create, Get, List and Delete of instance profiles; ListInstanceProfilesForRole; AddRoleTo, RemoveRoleFrom
  ...instanceProfileRows,
  // Create, Get, List and Delete of OpenID Connect providers; their client IDs and thumbprints
  ...oidcProviderRows,
  // Tag, Untag and List...Tags of users, roles, policies, instance profiles and providers
  ...tagRows,
  // Alias, summary, and lists that are always empty
  ...accountRows,
  authorizationDetailsRow,
  // GenerateCredentialReport, GetCredentialReport
  ...credentialReportRows,
  // SimulateCustomPolicy, SimulatePrincipalPolicy; GetContextKeysFor...
  ...simulateRows,
  ...contextKeyRows,
  ...unsupportedRows,
]
