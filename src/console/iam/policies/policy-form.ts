import type { PolicyText } from '#identity/entities/entity.ts'
import { parsed } from '#identity/iam-document/policy-text.ts'
import { unknownActionsIn, warningAbout } from '#identity/iam-document/unknown-actions.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'

export const policyHref = (arn: string): string => `/ui/iam/policy?arn=${encodeURIComponent(arn)}`

/**
 * Parses a typed policy; `principalExists` for trust policies. MalformedPolicyDocument, with the place of the mistake.
 */
export function parsePolicyText(
  text: string,
  kind: 'identity' | 'trust' = 'identity',
  options: { readonly principalExists?: (name: string) => boolean } = {},
): PolicyText {
  try {
    parsePolicy(text, kind, { maxBytes: limits.policyBytes, ...options })
  } catch (error) {
    const refusal = refusalOf(error)
    const { Detail: path } = refusal.fields
    throw path === undefined ? refusal : new ApiError(refusal.code, { message: `${refusal.message} (${path})` })
  }
  return JSON.parse(text) as PolicyText
}

/** Warnings for a policy in force. */
export const warningsOf = (text: PolicyText): string[] => [
  ...new Set(unknownActionsIn(parsed(text, 'identity')).map(({ action }) => warningAbout(action))),
]

/** The initial text. */
export const policyTemplates = [
  ['Everything in S3', policy('s3:*', '*')],
  ['Read only', policy(['s3:ListAllMyBuckets', 's3:ListBucket', 's3:GetObject'], '*')],
  [
    'Read and write one bucket',
    policy(
      ['s3:ListBucket', 's3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      ['arn:aws:s3:::my-bucket', 'arn:aws:s3:::my-bucket/*'],
    ),
  ],
] as const

function policy(action: unknown, resource: unknown): string {
  const statement = { Effect: 'Allow', Action: action, Resource: resource }
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2)
}
