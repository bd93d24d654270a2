/**
 * The table of KMS: every operation and its function. The permission for each is `kms:` and its name. All names are
 * those of the service model inside @aws-sdk/client-kms.
 */
import { aliasRows } from './aliases.ts'
import { cryptographyRows } from './cryptography.ts'
import { keyRows } from './keys.ts'
import { policyRows } from './policies.ts'
import type { KmsRow } from './request.ts'
import { rotationRows } from './rotation.ts'
import { tagRows } from './tags.ts'
import { unsupportedRows } from './unsupported.ts'

export const operations: readonly KmsRow[] = [
  // CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, UpdateKeyDescription, ScheduleKeyDeletion,
  // CancelKeyDeletion
  ...keyRows,
  // CreateAlias, UpdateAlias, DeleteAlias, ListAliases
  ...aliasRows,
  // Encrypt, Decrypt, ReEncrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom
  ...cryptographyRows,
  // EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations
  ...rotationRows,
  // GetKeyPolicy, PutKeyPolicy, ListKeyPolicies
  ...policyRows,
  // TagResource, UntagResource, ListResourceTags
  ...tagRows,
  ...unsupportedRows,
]
