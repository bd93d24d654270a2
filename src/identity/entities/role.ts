import * as z from 'zod'
import { entityShape, type Kind, policyText, tagsSchema } from './entity.ts'
import { boundaryShape, policyHolderShape } from './policy-holder.ts'

/** Seconds. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export const sessionSeconds = { min: 3600, max: 43_200 }

export const roleSchema = z.strictObject({
  ...entityShape,
  ...policyHolderShape,
  ...boundaryShape,
  tags: tagsSchema,
  description: z.string().max(1000).optional(),
  /** The trust policy. */
  trust: policyText,
  maxSessionSeconds: z.int().min(sessionSeconds.min).max(sessionSeconds.max).default(sessionSeconds.min),
  /** The service principal that a service-linked role belongs to: see accounts/service-linked-roles.ts. */
  linkedService: z.string().max(128).optional(),
})
export type Role = z.infer<typeof roleSchema>

export const roleKind: Kind = {
  idPrefix: 'AROA',
  max: 1000,
  quotaName: 'RolesPerAccount',
  missing: (name) => `The role with name ${name} cannot be found.`,
  exists: (name) => `Role with name ${name} already exists.`,
}
