import { compilePolicy } from '#policy/evaluate/compile.ts'
import type { NamedPolicy } from '#policy/evaluate/evaluate.ts'

/** In force where a bucket's policy is invalid: denies everyone except those who may repair it. */
export const lockedPolicy: NamedPolicy = {
  name: 'bucket_policies.json',
  policy: compilePolicy({
    version: '2012-10-17',
    id: undefined,
    statements: [
      {
        sid: 'TheBucketPolicyIsInvalid',
        effect: 'Deny',
        principal: { isNegated: false, isEveryone: true, names: [] },
        action: { isNegated: false, values: ['*'] },
        resource: { isNegated: false, values: ['*'] },
        conditions: [],
      },
    ],
  }),
}
