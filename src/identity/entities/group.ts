import * as z from 'zod'
import { entityShape, type Kind } from './entity.ts'
import { policyHolderShape } from './policy-holder.ts'

/** Membership is stored with the user. */
export const groupSchema = z.strictObject({ ...entityShape, ...policyHolderShape })
export type Group = z.infer<typeof groupSchema>

export const groupKind: Kind = {
  idPrefix: 'AGPA',
  max: 300,
  quotaName: 'GroupsPerAccount',
  missing: (name) => `The group with name ${name} cannot be found.`,
  exists: (name) => `Group with name ${name} already exists.`,
}
