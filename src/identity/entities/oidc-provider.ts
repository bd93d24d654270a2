/** Issuers of OpenID Connect tokens whose users may assume roles. */
import * as z from 'zod'
import { accountPart } from '#model/account.ts'
import { moment, tagsSchema } from './entity.ts'

export const oidcProviderSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(255),
  clientIds: z.array(z.string().min(1).max(255)).max(100).default([]),
  /** SHA-1 of the issuer's certificate, hex. */
  thumbprints: z.array(z.string().length(40)).max(5).default([]),
  createdAt: moment.default('1970-01-01T00:00:00.000Z'),
  tags: tagsSchema,
  /** A file with the issuer's keys, as a JSON Web Key Set. Then nothing is fetched. */
  jwksFile: z.string().min(1).optional(),
})
export type OidcProvider = z.infer<typeof oidcProviderSchema>

/** The URL without its scheme, as in ARNs and condition keys. */
export const issuerName = (url: string): string => url.replace(/^https?:\/\//, '').replace(/\/$/, '')

export const oidcProviderArn = (account: string, url: string): string =>
  `arn:aws:iam::${accountPart(account)}:oidc-provider/${issuerName(url)}`
