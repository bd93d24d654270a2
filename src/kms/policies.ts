/** The policy of a key. There is only one, named `default`. */
import { changeKey, refuseManaged, refusePending } from '#keyring/changes/change-key.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { viewOf } from '#keyring/key-lookup.ts'
import { ApiError } from '#model/errors.ts'
import { type KmsRequest, type KmsRow, keyRow } from './request.ts'
import { rules } from './rules.ts'
import { answerPage } from './shapes.ts'

const only = 'default'

export const policyRows: readonly KmsRow[] = [
  keyRow('GetKeyPolicy', ({ input, key, policies, keyring }) => {
    assertDefault(input.find('PolicyName', rules.policyName))
    return { Policy: policies.format(viewOf(keyring.keys, key)), PolicyName: only }
  }),
  keyRow(
    'PutKeyPolicy',
    async (request) => {
      const { input, key, keyring } = request
      assertDefault(input.find('PolicyName', rules.policyName))
      const policy = readKeyPolicy(request, input.get('Policy', rules.policy))
      refuseManaged(key)
      refuseLockout(request, { ...key, ...policy })
      await changeKey(keyring, key, (now) => {
        refusePending(now)
        return { ...now, ...policy }
      })
      return undefined
    },
    {
      asked: (input) => ({
        keys: {
          'kms:bypasspolicylockoutsafetycheck': String(input.findFlag('BypassPolicyLockoutSafetyCheck') ?? false),
        },
      }),
    },
  ),
  keyRow('ListKeyPolicies', ({ input }) =>
    answerPage(input, {
      member: 'PolicyNames',
      list: [only],
      keyOf: (name) => name,
      shape: (name) => name,
      usual: 100,
    }),
  ),
]

/** KMS.MalformedPolicyDocumentException. */
export const readKeyPolicy = ({ policies }: KmsRequest, json: string): Pick<KeyEntry, 'policy' | 'principals'> =>
  policies.parse(json)

/** KMS.MalformedPolicyDocumentException if the caller could not change the policy again. */
export function refuseLockout({ input, mayKey }: KmsRequest, key: KeyEntry): void {
  if (input.findFlag('BypassPolicyLockoutSafetyCheck') === true || mayKey('kms:PutKeyPolicy', key)) return
  throw new ApiError('KMS.MalformedPolicyDocumentException', {
    message: 'The new key policy will not allow you to update the key policy in the future.',
  })
}

function assertDefault(name: string | undefined): void {
  if (name === undefined || name === only) return
  throw new ApiError('KMS.NotFoundException', { message: 'No such policy exists' })
}
