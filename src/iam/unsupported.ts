/** Operations of IAM that AWS has and this server does not. They are answered with NotImplemented. */
import { ApiError } from '#model/errors.ts'
import type { IamRow } from './request.ts'

const names = [
  // Devices, certificates and keys of other kinds
  'CreateVirtualMFADevice DeleteVirtualMFADevice EnableMFADevice DeactivateMFADevice ResyncMFADevice GetMFADevice',
  'ListMFADeviceTags TagMFADevice UntagMFADevice',
  'UploadSSHPublicKey GetSSHPublicKey UpdateSSHPublicKey DeleteSSHPublicKey',
  'UploadSigningCertificate UpdateSigningCertificate DeleteSigningCertificate',
  'UploadServerCertificate GetServerCertificate UpdateServerCertificate DeleteServerCertificate',
  'ListServerCertificateTags TagServerCertificate UntagServerCertificate',
  'CreateServiceSpecificCredential UpdateServiceSpecificCredential ResetServiceSpecificCredential',
  'DeleteServiceSpecificCredential',
  // SAML
  'CreateSAMLProvider GetSAMLProvider UpdateSAMLProvider DeleteSAMLProvider',
  'ListSAMLProviderTags TagSAMLProvider UntagSAMLProvider',
  // Reports
  'GenerateOrganizationsAccessReport GetOrganizationsAccessReport',
  'GenerateServiceLastAccessedDetails GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities',
  'ListPoliciesGrantingServiceAccess GetHumanReadableSummary',
  // Settings of accounts and organizations
  'UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy GetAccountProperties PutAccountProperties',
  'SetSecurityTokenServicePreferences ListOrganizationsFeatures',
  'EnableOrganizationsRootCredentialsManagement DisableOrganizationsRootCredentialsManagement',
  'EnableOrganizationsRootSessions DisableOrganizationsRootSessions',
  'EnableOutboundWebIdentityFederation DisableOutboundWebIdentityFederation GetOutboundWebIdentityFederationInfo',
  // Delegation
  'CreateDelegationRequest GetDelegationRequest ListDelegationRequests UpdateDelegationRequest',
  'AcceptDelegationRequest RejectDelegationRequest AssociateDelegationRequest SendDelegationToken',
  'AcquireRole GetRoleTemplateVersion',
]

export const unsupportedRows: readonly IamRow[] = names
  .flatMap((line) => line.split(' '))
  .map((name) => ({
    name,
    on: 'unsupported',
    run() {
      throw new ApiError('NotImplemented', { message: `${name} is not implemented.` })
    },
  }))
