/**
 * The table of STS. The permission for each operation is `sts:` and its name. All names are those of the service model
 * inside @aws-sdk/client-sts.
 */
import { ApiError } from '#model/errors.ts'
import { assumeRole } from './assume-role.ts'
import { getAccessKeyInfo, getCallerIdentity } from './caller-identity.ts'
import { decodeAuthorizationMessage } from './decode-authorization-message.ts'
import type { StsRow } from './request.ts'
import { signed } from './request.ts'
import { getFederationToken, getSessionToken } from './tokens.ts'
import { assumeRoleWithWebIdentity } from './web-identity.ts'

const unsupported = (name: string): StsRow => ({
  ...signed(name, () => {
    throw new ApiError('NotImplemented', { message: `${name} is not implemented.` })
  }),
  isUnserved: true,
})

export const operations: readonly StsRow[] = [
  getCallerIdentity,
  getAccessKeyInfo,
  getSessionToken,
  getFederationToken,
  assumeRole,
  assumeRoleWithWebIdentity,
  decodeAuthorizationMessage,
  unsupported('AssumeRoleWithSAML'),
  unsupported('AssumeRoot'),
  unsupported('GetDelegatedAccessToken'),
  unsupported('GetScopedCredentials'),
  unsupported('GetWebIdentityToken'),
]
