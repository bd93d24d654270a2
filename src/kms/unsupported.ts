/**
 * Operations that AWS has and this server does not: asymmetric and HMAC keys, grants, key stores, imported material.
 */
import { ApiError } from '#model/errors.ts'
import type { KmsRow } from './request.ts'

const names = `ConnectCustomKeyStore CreateCustomKeyStore CreateGrant DeleteCustomKeyStore DeleteImportedKeyMaterial
  Decapsulate DeriveSharedSecret DescribeCustomKeyStores DisconnectCustomKeyStore Encapsulate GenerateDataKeyPair
  GenerateDataKeyPairWithoutPlaintext GenerateMac GetKeyLastUsage GetParametersForImport GetPublicKey ImportKeyMaterial
  ListGrants ListRetirableGrants ReplicateKey RetireGrant RevokeGrant Sign UpdateCustomKeyStore UpdatePrimaryRegion
  Verify VerifyMac`.split(/\s+/)

export const unsupportedRows: readonly KmsRow[] = names.map((name) => ({
  name,
  isUnserved: true,
  run() {
    throw new ApiError('KMS.UnsupportedOperationException', { message: `${name} is not supported by this server.` })
  },
}))
