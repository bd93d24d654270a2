/** Managed policies, with up to five versions each. */
import * as z from 'zod'
import { arnOf } from '#identity/principals/principal-arn.ts'
import { entityShape, type Kind, moment, policyText, tagsSchema } from './entity.ts'

const versionSchema = z.strictObject({
  id: z.string().regex(/^v[1-9]\d*$/),
  createdAt: moment.default('1970-01-01T00:00:00.000Z'),
  document: policyText,
})

export const managedPolicySchema = z.strictObject({
  ...entityShape,
  tags: tagsSchema,
  description: z.string().max(1000).optional(),
  updatedAt: moment.optional(),
  versions: z.array(versionSchema).min(1).max(5),
  /** Id of the version in force. */
  defaultVersion: z.string().default('v1'),
})
export type ManagedPolicy = z.infer<typeof managedPolicySchema>
export type PolicyVersion = ManagedPolicy['versions'][number]

export const policyKind: Kind = {
  idPrefix: 'ANPA',
  max: 1500,
  quotaName: 'PoliciesPerAccount',
  missing: (name) => `Policy ${name} was not found.`,
  exists: (name) => `A policy called ${name} already exists. Duplicate names are not allowed.`,
}

export const policyArn = (account: string, policy: { path: string; name: string }): string =>
  arnOf(account, 'policy', policy)
