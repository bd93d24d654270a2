/** Stored for tools that create them: there are no instances here. */
import * as z from 'zod'
import { entityShape, type Kind, tagsSchema } from './entity.ts'

export const instanceProfileSchema = z.strictObject({
  ...entityShape,
  tags: tagsSchema,
  /** Names of roles; AWS allows one. */
  roles: z.array(z.string()).max(1).default([]),
})
export type InstanceProfile = z.infer<typeof instanceProfileSchema>

export const instanceProfileKind: Kind = {
  idPrefix: 'AIPA',
  max: 1000,
  quotaName: 'InstanceProfilesPerAccount',
  missing: (name) => `Instance Profile ${name} cannot be found.`,
  exists: (name) => `Instance Profile ${name} already exists.`,
}
