import { compilePolicy } from '#policy/evaluate/compile.ts'
import type { NamedPolicy } from '#policy/evaluate/evaluate.ts'

/** Replaces an invalid policy of a bucket or key: denies everyone, except those who may repair a bucket's policy. */
export const lockedPolicy = (name: string, sid: string): NamedPolicy => ({
  name,
  policy: compilePolicy({
    version: '2012-10-17',
    id: undefined,
    statements: [
      {
        sid,
        effect: 'Deny',
        principal: { isNegated: false, isEveryone: true, names: [] },
        action: { isNegated: false, values: ['*'] },
        resource: { isNegated: false, values: ['*'] },
        conditions: [],
      },
    ],
  }),
})
