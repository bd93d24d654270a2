/**
 * Decisions about keys of the KMS. The policy of the key must allow the action to the requester, or to its account. In
 * the second case identity policies decide.
 * https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
 */
import type { ConditionKeys } from '#access/caller/query-facts.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import type { KeyPolicyBook } from '#identity/key-policies/key-policies.ts'
import type { KeyView } from '#keyring/data-keys.ts'
import type { EncryptionContext } from '#model/object/encryption.ts'
import { encryptionContextKey } from '#policy/actions.ts'
import type { NamedPolicy } from '#policy/evaluate/evaluate.ts'
import { contextKey } from '#policy/evaluate/pattern.ts'
import { lockedPolicy } from './locked-policy.ts'
import type { ArnResource, Asking } from './resource.ts'

export interface KeyQuestion {
  /** For example `kms:Decrypt`. */
  readonly action: string
  readonly key: KeyView
  readonly context?: EncryptionContext | undefined
  /** The service that uses the key for the requester: `s3`. */
  readonly via?: 's3' | undefined
  /** The alias by which the request names the key: `alias/backups`. */
  readonly alias?: string | undefined
  /** Further condition keys, in lower case up to a slash. */
  readonly keys?: ConditionKeys
}

/** The question in the form that the authorizer takes. */
export function keyDecision(policies: KeyPolicyBook, { requester }: Asking, asked: KeyQuestion, facts: RequestFacts) {
  const { key } = asked
  const resource: ArnResource = { arn: key.arn, account: key.account, policy: policyInForce(policies, key) }
  return { resource, facts: { ...facts, keys: conditionKeys(asked, requester.account) } }
}

export function policyInForce(policies: KeyPolicyBook, key: KeyView): NamedPolicy {
  const found = policies.policyOf(key)
  return found === 'invalid' ? lockedPolicy('kms_keys.json', 'TheKeyPolicyIsInvalid') : found
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html */
function conditionKeys({ key, context, via, alias, keys }: KeyQuestion, callerAccount: string): ConditionKeys {
  const { region, aliases, tags, id } = key
  const found: Record<string, string | readonly string[]> = {
    'aws:requestedregion': region,
    'kms:keyspec': 'SYMMETRIC_DEFAULT',
    'kms:keyusage': 'ENCRYPT_DECRYPT',
    'kms:keyorigin': 'AWS_KMS',
    'kms:multiregion': String(id.startsWith('mrk-')),
    ...keys,
  }
  if (callerAccount !== '') found['kms:calleraccount'] = callerAccount
  if (aliases.length > 0) found['kms:resourcealiases'] = aliases
  if (alias !== undefined) found['kms:requestalias'] = alias
  if (via !== undefined) {
    found['kms:viaservice'] = `${via}.${region}.amazonaws.com`
    found['aws:viaawsservice'] = 'true'
  }
  for (const [name, value] of Object.entries(tags)) found[`aws:resourcetag/${name}`] = value
  if (context !== undefined) {
    found['kms:encryptionalgorithm'] = 'SYMMETRIC_DEFAULT'
    const names = Object.keys(context)
    if (names.length > 0) found['kms:encryptioncontextkeys'] = names
    for (const [name, value] of Object.entries(context)) found[contextKey(encryptionContextKey + name)] = value
  }
  return found
}
