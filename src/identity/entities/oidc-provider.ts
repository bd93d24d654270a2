/** Issuers of OpenID Connect tokens whose users may assume roles. */
import * as z from 'zod'
import { accountPart } from '#identity/principals/principal-arn.ts'
import { ApiError } from '#model/errors.ts'
import type { Account } from './account.ts'
import { assertQuota, moment, now, removeFrom, tagsSchema } from './entity.ts'

export const oidcProviderSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(255),
  clientIds: z.array(z.string().min(1).max(255)).max(100).default([]),
  /** SHA-1 of the issuer's certificate, hex. */
  thumbprints: z.array(z.string().length(40)).max(5).default([]),
  createdAt: moment.default('1970-01-01T00:00:00.000Z'),
  tags: tagsSchema,
  /** A file with the issuer's keys, as a JSON Web Key Set: then nothing is fetched. */
  jwksFile: z.string().min(1).optional(),
})
export type OidcProvider = z.infer<typeof oidcProviderSchema>

/** As the ARN and condition keys name it: without scheme. */
export const issuerName = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/$/, '')

export const oidcProviderArn = (account: string, url: string): string =>
  `arn:aws:iam::${accountPart(account)}:oidc-provider/${issuerName(url)}`

/** EntityAlreadyExists, LimitExceeded. */
export function createOidcProvider(
  account: Account,
  given: { url: string; clientIds: string[]; thumbprints: string[] },
): OidcProvider {
  const exists = account.oidcProviders.some(({ url }) => issuerName(url) === issuerName(given.url))
  if (exists) {
    throw new ApiError('EntityAlreadyExists', { message: `Provider with url ${given.url} already exists.` })
  }
  assertQuota('OpenIDConnectProvidersPerAccount', account.oidcProviders.length + 1, 100)
  const provider: OidcProvider = { ...given, createdAt: now(), tags: {} }
  account.oidcProviders.push(provider)
  return provider
}

export const findOidcProvider = (account: Account, arn: string): OidcProvider | undefined =>
  account.oidcProviders.find(({ url }) => oidcProviderArn(account.id, url) === arn)

/** NoSuchEntity. */
export function getOidcProvider(account: Account, arn: string): OidcProvider {
  const provider = findOidcProvider(account, arn)
  if (provider === undefined) {
    throw new ApiError('NoSuchEntity', { message: `OpenIDConnect Provider not found for arn ${arn}` })
  }
  return provider
}

export function deleteOidcProvider(account: Account, arn: string): void {
  removeFrom(account.oidcProviders, getOidcProvider(account, arn))
}

/** LimitExceeded. Adding what is there changes nothing. */
export function addClientId(provider: OidcProvider, clientId: string): void {
  if (provider.clientIds.includes(clientId)) return
  assertQuota('ClientIdsPerOpenIdConnectProvider', provider.clientIds.length + 1, 100)
  provider.clientIds.push(clientId)
}
