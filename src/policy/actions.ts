/**
 * The table of actions: the resource of each, the coarse action of iam.json version 1 that grants it, and its condition
 * keys in addition to those of every action. From
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html,
 * list_awsidentityandaccessmanagementiam.html, list_awssecuritytokenservice.html and list_awskeymanagementservice.html.
 * Names are case-insensitive.
 */

/**
 * The resource of an action. `service` means `*` only; `other` is something that this server does not have (access
 * points, jobs...).
 */
export type ResourceKind =
  | 'service'
  | 'bucket'
  | 'object'
  | 'user'
  | 'group'
  | 'role'
  | 'policy'
  | 'instance-profile'
  | 'oidc-provider'
  | 'federated-user'
  | 'key'
  | 'alias'
  | 'other'

export type CoarseAction = 'list' | 'read' | 'write' | 'delete' | 'share' | 'policy'

export interface ActionRow {
  /** In AWS's spelling: `s3:GetObject`. */
  readonly name: string
  readonly kind: ResourceKind
  readonly coarse: CoarseAction | undefined
  /** In lower case. A key that ends with `/` means all keys that start with it. */
  readonly keys: readonly string[]
}

const grants =
  'x-amz-acl x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write x-amz-grant-write-acp'
const encryption = 'x-amz-server-side-encryption x-amz-server-side-encryption-aws-kms-key-id'
const lock = `object-lock-mode object-lock-retain-until-date object-lock-remaining-retention-days object-lock-event-hold
  object-lock-event-hold-duration-days`
const put = `${grants} ${encryption} x-amz-server-side-encryption-customer-algorithm x-amz-storage-class x-amz-copy-source
  x-amz-metadata-directive x-amz-website-redirect-location requestobjecttag/ requestobjecttagkeys`
const tags = 'aws:requesttag/ aws:tagkeys'

// Resource, coarse action, condition keys, names.
// biome-ignore format: a table
const s3 = [
  rows('service', 'list', '', 'ListAllMyBuckets'),
  rows('bucket', 'list', 'prefix delimiter max-keys', 'ListBucket ListBucketVersions'),
  rows('bucket', 'list', 'prefix delimiter', 'ListBucketMultipartUploads'),
  rows('bucket', 'list', '', 'GetBucketLocation'),
  rows('object', 'list', '', 'ListMultipartUploadParts'),
  rows('object', 'read', 'existingobjecttag/', 'GetObject GetObjectAcl GetObjectAttributes GetObjectTagging GetObjectAnnotation'),
  rows('object', 'read', 'existingobjecttag/ annotation-prefix max-annotation-results', 'ListObjectAnnotations'),
  rows('object', 'read', 'existingobjecttag/ annotation-prefix max-annotation-results versionid', 'ListObjectVersionAnnotations'),
  rows('object', 'read', 'existingobjecttag/ versionid', `GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes
    GetObjectVersionTagging GetObjectVersionAnnotation`),
  rows('object', 'read', '', 'GetObjectRetention GetObjectLegalHold GetObjectTorrent GetObjectVersionForReplication'),
  rows('object', 'read', 'versionid', 'GetObjectVersionTorrent'),
  rows('object', 'write', `${put} ${lock} object-lock-legal-hold if-match if-none-match objectcreationoperation
    x-amz-object-annotation-directive`, 'PutObject'),
  rows('object', 'write', '', 'AbortMultipartUpload RestoreObject'),
  rows('object', 'write', 'existingobjecttag/ requestobjecttag/ requestobjecttagkeys', 'PutObjectTagging'),
  rows('object', 'write', 'existingobjecttag/ requestobjecttag/ requestobjecttagkeys versionid', 'PutObjectVersionTagging'),
  rows('object', 'write', 'existingobjecttag/ x-amz-object-if-match versionid', 'PutObjectAnnotation PutObjectVersionAnnotation'),
  rows('object', 'write', `existingobjecttag/ ${encryption}`, 'UpdateObjectEncryption'),
  rows('bucket', 'write', `${grants} ${tags} locationconstraint x-amz-object-ownership x-amz-bucket-namespace`, 'CreateBucket'),
  rows('object', 'delete', 'if-match', 'DeleteObject'),
  rows('object', 'delete', 'versionid', 'DeleteObjectVersion'),
  rows('object', 'delete', 'existingobjecttag/', 'DeleteObjectTagging DeleteObjectAnnotation'),
  rows('object', 'delete', 'existingobjecttag/ versionid', 'DeleteObjectVersionTagging DeleteObjectVersionAnnotation'),
  rows('bucket', 'delete', '', 'DeleteBucket'),
  rows('object', 'share', `existingobjecttag/ x-amz-storage-class ${grants}`, 'PutObjectAcl'),
  rows('object', 'share', `existingobjecttag/ x-amz-storage-class versionid ${grants}`, 'PutObjectVersionAcl'),
  rows('bucket', 'share', grants, 'PutBucketAcl'),
  rows('bucket', 'share', '', 'GetBucketAcl'),
  rows('object', 'policy', lock, 'PutObjectRetention'),
  rows('object', 'policy', 'object-lock-legal-hold', 'PutObjectLegalHold'),
  rows('object', 'policy', put, 'BypassGovernanceRetention'),
  rows('object', 'policy', encryption, 'ReplicateObject'),
  rows('object', 'policy', '', `InitiateReplication ObjectOwnerOverrideToBucketOwner ReplicateDelete ReplicateTags
    ReplicateObjectAnnotation GetObjectVersionAnnotationForReplication`),
  rows('bucket', 'policy', 'inventoryaccessibleoptionalfields', 'PutInventoryConfiguration'),
  rows('bucket', 'policy', 'isreplicationpauserequest', 'PutReplicationConfiguration'),
  rows('bucket', 'policy', 'destinationregion', 'PauseReplication'),
  rows('bucket', 'policy', tags, 'TagResource UntagResource'),
  rows('bucket', 'policy', '', `GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetBucketPolicyStatus
    GetBucketVersioning PutBucketVersioning GetBucketTagging PutBucketTagging GetBucketCORS PutBucketCORS GetBucketWebsite
    PutBucketWebsite DeleteBucketWebsite GetBucketNotification PutBucketNotification GetBucketLogging PutBucketLogging
    GetBucketRequestPayment PutBucketRequestPayment GetBucketOwnershipControls PutBucketOwnershipControls
    GetBucketPublicAccessBlock PutBucketPublicAccessBlock GetBucketObjectLockConfiguration PutBucketObjectLockConfiguration
    GetEncryptionConfiguration PutEncryptionConfiguration GetLifecycleConfiguration PutLifecycleConfiguration
    GetReplicationConfiguration GetAccelerateConfiguration PutAccelerateConfiguration GetAnalyticsConfiguration
    PutAnalyticsConfiguration GetIntelligentTieringConfiguration PutIntelligentTieringConfiguration GetInventoryConfiguration
    GetMetricsConfiguration PutMetricsConfiguration GetBucketAbac PutBucketAbac CreateBucketMetadataTableConfiguration
    GetBucketMetadataTableConfiguration DeleteBucketMetadataTableConfiguration UpdateBucketMetadataInventoryTableConfiguration
    UpdateBucketMetadataJournalTableConfiguration UpdateBucketMetadataAnnotationTableConfiguration
    AllowVendedLogDeliveryForResource ListTagsForResource`),
  rows('other', undefined, '', `GetAccountPublicAccessBlock PutAccountPublicAccessBlock AssociateAccessGrantsIdentityCenter
    CreateAccessGrant CreateAccessGrantsInstance CreateAccessGrantsLocation CreateAccessPoint CreateAccessPointForObjectLambda
    CreateJob CreateMultiRegionAccessPoint CreateStorageLensGroup DeleteAccessGrant DeleteAccessGrantsInstance
    DeleteAccessGrantsInstanceResourcePolicy DeleteAccessGrantsLocation DeleteAccessPoint DeleteAccessPointForObjectLambda
    DeleteAccessPointPolicy DeleteAccessPointPolicyForObjectLambda DeleteJobTagging DeleteMultiRegionAccessPoint
    DeleteStorageLensConfiguration DeleteStorageLensConfigurationTagging DeleteStorageLensGroup DescribeJob
    DescribeMultiRegionAccessPointOperation DissociateAccessGrantsIdentityCenter GetAccessGrant GetAccessGrantsInstance
    GetAccessGrantsInstanceForPrefix GetAccessGrantsInstanceResourcePolicy GetAccessGrantsLocation GetAccessPoint
    GetAccessPointConfigurationForObjectLambda GetAccessPointForObjectLambda GetAccessPointPolicy
    GetAccessPointPolicyForObjectLambda GetAccessPointPolicyStatus GetAccessPointPolicyStatusForObjectLambda GetDataAccess
    GetJobTagging GetMultiRegionAccessPoint GetMultiRegionAccessPointPolicy GetMultiRegionAccessPointPolicyStatus
    GetMultiRegionAccessPointRoutes GetStorageLensConfiguration GetStorageLensConfigurationTagging GetStorageLensDashboard
    GetStorageLensGroup ListAccessGrants ListAccessGrantsInstances ListAccessGrantsLocations ListAccessPoints
    ListAccessPointsForObjectLambda ListCallerAccessGrants ListJobs ListMultiRegionAccessPoints ListStorageLensConfigurations
    ListStorageLensGroups PutAccessGrantsInstanceResourcePolicy PutAccessPointConfigurationForObjectLambda PutAccessPointPolicy
    PutAccessPointPolicyForObjectLambda PutAccessPointPublicAccessBlock PutJobTagging PutMultiRegionAccessPointPolicy
    PutStorageLensConfiguration PutStorageLensConfigurationTagging SubmitMultiRegionAccessPointRoutes UpdateAccessGrantsLocation
    UpdateJobPriority UpdateJobStatus UpdateStorageLensGroup`),
]

// biome-ignore format: a table
const iam = [
  rows('service', undefined, '', `CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy GenerateCredentialReport
    GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetContextKeysForCustomPolicy GetCredentialReport
    GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities ListAccountAliases ListGroups ListInstanceProfiles
    ListOpenIDConnectProviders ListPolicies ListRoles ListSAMLProviders ListServerCertificates ListUsers ListVirtualMFADevices
    SetSecurityTokenServicePreferences SimulateCustomPolicy UpdateAccountPasswordPolicy`),
  rows('user', undefined, '', `ChangePassword CreateAccessKey CreateLoginProfile DeactivateMFADevice DeleteAccessKey
    DeleteLoginProfile DeleteSSHPublicKey DeleteSigningCertificate DeleteUser GetAccessKeyLastUsed GetLoginProfile GetMFADevice
    GetSSHPublicKey GetUser GetUserPolicy ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListMFADevices
    ListSSHPublicKeys ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies ListUserTags ResyncMFADevice
    UpdateAccessKey UpdateLoginProfile UpdateSSHPublicKey UpdateSigningCertificate UpdateUser UploadSSHPublicKey
    UploadSigningCertificate EnableMFADevice CreateServiceSpecificCredential DeleteServiceSpecificCredential
    ResetServiceSpecificCredential UpdateServiceSpecificCredential GenerateServiceLastAccessedDetails
    GetContextKeysForPrincipalPolicy ListPoliciesGrantingServiceAccess SimulatePrincipalPolicy`),
  rows('user', undefined, `${tags} permissionsboundary`, 'CreateUser'),
  rows('user', undefined, tags, 'TagUser UntagUser'),
  rows('user', undefined, 'permissionsboundary policyarn', 'AttachUserPolicy DetachUserPolicy'),
  rows('user', undefined, 'permissionsboundary', `DeleteUserPermissionsBoundary DeleteUserPolicy PutUserPermissionsBoundary
    PutUserPolicy`),
  rows('group', undefined, '', `AddUserToGroup CreateGroup DeleteGroup DeleteGroupPolicy GetGroup GetGroupPolicy
    ListAttachedGroupPolicies ListGroupPolicies PutGroupPolicy RemoveUserFromGroup UpdateGroup`),
  rows('group', undefined, 'policyarn', 'AttachGroupPolicy DetachGroupPolicy'),
  rows('role', undefined, '', `DeleteServiceLinkedRole GetRolePolicy GetServiceLinkedRoleDeletionStatus ListAttachedRolePolicies
    ListInstanceProfilesForRole ListRolePolicies ListRoleTags`),
  rows('role', undefined, `${tags} permissionsboundary`, 'CreateRole'),
  rows('role', undefined, tags, 'TagRole UntagRole'),
  rows('role', undefined, 'awsservicename', 'CreateServiceLinkedRole'),
  rows('role', undefined, 'associatedresourcearn passedtoservice', 'PassRole'),
  rows('role', undefined, 'permissionsboundary policyarn', 'AttachRolePolicy DetachRolePolicy'),
  rows('role', undefined, 'permissionsboundary', `GetRole PutRolePermissionsBoundary PutRolePolicy DeleteRole
    DeleteRolePermissionsBoundary DeleteRolePolicy UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription`),
  rows('policy', undefined, '', `CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion
    ListEntitiesForPolicy ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion`),
  rows('policy', undefined, tags, 'CreatePolicy TagPolicy UntagPolicy'),
  rows('instance-profile', undefined, '', `AddRoleToInstanceProfile DeleteInstanceProfile GetInstanceProfile
    ListInstanceProfileTags RemoveRoleFromInstanceProfile`),
  rows('instance-profile', undefined, tags, 'CreateInstanceProfile TagInstanceProfile UntagInstanceProfile'),
  rows('oidc-provider', undefined, '', `AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider GetOpenIDConnectProvider
    ListOpenIDConnectProviderTags RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint`),
  rows('oidc-provider', undefined, tags, 'CreateOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider'),
  rows('other', undefined, '', `AcceptDelegationRequest AssociateDelegationRequest CreateDelegationRequest CreateSAMLProvider
    CreateVirtualMFADevice DeleteCloudFrontPublicKey DeleteSAMLProvider DeleteServerCertificate DeleteVirtualMFADevice
    DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions DisableOutboundWebIdentityFederation
    EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions EnableOutboundWebIdentityFederation
    GenerateOrganizationsAccessReport GetAccountEmailAddress GetAccountName GetAccountProperties GetCloudFrontPublicKey
    GetDelegationRequest GetHumanReadableSummary GetOrganizationsAccessReport GetOutboundWebIdentityFederationInfo
    GetRoleTemplateVersion GetSAMLProvider GetServerCertificate ListCloudFrontPublicKeys ListDelegationRequests
    ListMFADeviceTags ListOrganizationsFeatures ListSAMLProviderTags ListSTSRegionalEndpointsStatus ListServerCertificateTags
    PutAccountProperties RejectDelegationRequest SendDelegationToken SetSTSRegionalEndpointStatus TagMFADevice TagSAMLProvider
    TagServerCertificate UntagMFADevice UntagSAMLProvider UntagServerCertificate UpdateAccountEmailAddress UpdateAccountName
    UpdateCloudFrontPublicKey UpdateSAMLProvider UpdateServerCertificate UploadCloudFrontPublicKey UploadServerCertificate`),
]

const session = `${tags} rolesessionname sourceidentity transitivetagkeys externalid durationseconds roleauthorizedbyidp`
const sts = [
  rows('service', undefined, '', 'DecodeAuthorizationMessage GetAccessKeyInfo GetCallerIdentity GetSessionToken'),
  rows(
    'role',
    undefined,
    session,
    'AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity TagSession SetSourceIdentity',
  ),
  rows('federated-user', undefined, tags, 'GetFederationToken'),
  rows(
    'other',
    undefined,
    '',
    `AssumeRoot GetDelegatedAccessToken GetServiceBearerToken GetWebIdentityToken SetContext
    TagGetWebIdentityToken`,
  ),
]

/** The pair `team` of an encryption context is `kms:encryptioncontext:team`. */
export const encryptionContextKey = 'kms:encryptioncontext:'
const cipher = 'encryptionalgorithm encryptioncontext: encryptioncontextkeys requestalias'
// biome-ignore format: a table
const kms = [
  rows('service', undefined, '', 'GenerateRandom ListAliases ListKeys'),
  rows('service', undefined, `${tags} bypasspolicylockoutsafetycheck keyorigin keyspec keyusage multiregion multiregionkeytype`, 'CreateKey'),
  rows('key', undefined, '', `CancelKeyDeletion DisableKey DisableKeyRotation EnableKey GetKeyPolicy GetKeyRotationStatus
    ListKeyPolicies ListKeyRotations ListResourceTags RotateKeyOnDemand UpdateKeyDescription`),
  rows('key', undefined, 'requestalias', 'DescribeKey'),
  rows('key', undefined, 'rotationperiodindays', 'EnableKeyRotation'),
  rows('key', undefined, 'schedulekeydeletionpendingwindowindays', 'ScheduleKeyDeletion'),
  rows('key', undefined, 'bypasspolicylockoutsafetycheck', 'PutKeyPolicy'),
  rows('key', undefined, tags, 'TagResource UntagResource'),
  rows('key', undefined, cipher, 'Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext'),
  rows('key', undefined, `${cipher} reencryptonsamekey`, 'ReEncryptFrom ReEncryptTo'),
  rows('alias', undefined, '', 'CreateAlias DeleteAlias UpdateAlias'),
  rows('other', undefined, '', `ConnectCustomKeyStore CreateCustomKeyStore CreateGrant DeleteCustomKeyStore
    Decapsulate DeleteImportedKeyMaterial DeriveSharedSecret DescribeCustomKeyStores DisconnectCustomKeyStore Encapsulate GenerateDataKeyPair
    GenerateDataKeyPairWithoutPlaintext GenerateMac GetKeyLastUsage GetParametersForImport GetPublicKey ImportKeyMaterial ListGrants
    ListRetirableGrants ReplicateKey RetireGrant RevokeGrant Sign SynchronizeMultiRegionKey UpdateCustomKeyStore
    UpdatePrimaryRegion Verify VerifyMac`),
]

/** All S3, IAM, STS and KMS actions by their name in lower case. */
export const actions: ReadonlyMap<string, ActionRow> = new Map(
  [...named('s3', s3), ...named('iam', iam), ...named('sts', sts), ...named('kms', kms)].map(
    (row) => [row.name.toLowerCase(), row] as const,
  ),
)

/** Keys that every S3 action understands. */
const s3Keys = [
  'authtype',
  'resourceaccount',
  'signatureage',
  'signatureversion',
  'tlsversion',
  'x-amz-content-sha256',
  'buckettag/',
]
const knownKeys: ReadonlySet<string> = new Set([
  ...s3Keys.map((key) => `s3:${key}`),
  ...[...actions.values()].flatMap((row) => row.keys),
])

/** Whether any S3 action understands the key (in lower case); global keys of `aws:` apply to all. */
export function isS3Key(key: string): boolean {
  return key.startsWith('aws:') || (key.startsWith('s3:') && knownKeys.has(family(key)))
}

export function understandsKey(action: ActionRow, key: string): boolean {
  if (key.startsWith('aws:')) return true
  const known = family(key)
  return action.keys.includes(known) || s3Keys.some((one) => `s3:${one}` === known)
}

/**
 * Whether the key (in lower case) comes from the request and this action ignores it: a value that the operation ignores
 * must not satisfy a condition.
 */
export function isSaidInVain(action: ActionRow | undefined, key: string): boolean {
  return (
    /^(aws:requesttag\/|aws:tagkeys$|iam:(policyarn|permissionsboundary)$)/.test(key) &&
    action?.keys.includes(family(key)) !== true
  )
}

/**
 * `s3:existingobjecttag/owner` belongs to `s3:existingobjecttag/`; the same applies to keys of a KMS encryption
 * context.
 */
function family(key: string): string {
  if (key.startsWith(encryptionContextKey)) return encryptionContextKey
  const slash = key.indexOf('/')
  return slash < 0 ? key : key.slice(0, slash + 1)
}

type Group = Omit<ActionRow, 'name'> & { readonly names: readonly string[] }

function rows(kind: ResourceKind, coarse: CoarseAction | undefined, keys: string, names: string): Group {
  return { kind, coarse, keys: words(keys), names: words(names) }
}

function named(service: string, groups: readonly Group[]): ActionRow[] {
  return groups.flatMap(({ kind, coarse, keys, names }) => {
    const full = keys.map((key) => (/^\w+:./.test(key) ? key : `${service}:${key}`))
    return names.map((name) => ({ name: `${service}:${name}`, kind, coarse, keys: full }))
  })
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
