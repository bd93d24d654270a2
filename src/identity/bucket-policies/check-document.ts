/** Checks a whole bucket_policies.json, for a file that replaces it. */
import { problemAt } from '#documents/json-source.ts'
import { parseDocument } from '#documents/parse-document.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import { placeOfMistake } from '#identity/iam-document/policy-text.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { bucketPolicySchema, type PolicyDocument } from './document.ts'

/** Throws DocumentProblem, also for a policy that would not take effect. */
export function checkBucketPolicies(text: string): PolicyDocument {
  const { value } = parseDocument({ schema: bucketPolicySchema }, text)
  for (const [bucket, policy] of Object.entries(value.policies)) {
    try {
      parsePolicy(JSON.stringify(policy), 'resource', { bucket, maxBytes: limits.policyBytes })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      throw problemAt(text, ['policies', bucket, ...placeOfPolicy(policy, error)], error.message)
    }
  }
  return value
}

/** The place of a mistake in a policy. */
export function placeOfPolicy(policy: unknown, error: unknown): (string | number)[] {
  const isText = typeof policy === 'object' && policy !== null && !Array.isArray(policy)
  return isText && error instanceof ApiError ? [...placeOfMistake(policy as PolicyText, error)] : []
}
