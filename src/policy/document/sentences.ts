/**
 * AWS's messages for mistakes in policies: S3's for bucket policies, KMS's for key policies, IAM's for all others. The
 * path of the mistake is in another field.
 */
import { ApiError, type ErrorCode } from '#model/errors.ts'
import type { PolicyKind } from './document.ts'

export interface Sentences {
  readonly code: ErrorCode
  readonly notAnObject: string
  readonly invalidJson: string
  readonly tooLarge: string
  readonly version: string
  readonly emptyStatement: string
  syntax(what: string): string
  missing(element: string): string
  effect(value: string): string
  operator(name: string): string
  value(operator: string): string
  principal(kind: string, name: string): string
}

const s3: Sentences = {
  code: 'MalformedPolicy',
  notAnObject: "Policies must be valid JSON and the first byte must be '{'",
  invalidJson: 'This policy contains invalid Json',
  tooLarge: 'Normalized policy document exceeds the maximum allowed size of 20480 bytes',
  version: 'The policy must contain a valid version string',
  emptyStatement: 'Could not parse the policy: Statement is empty!',
  syntax: (what) => (what === '' ? 'Invalid policy syntax.' : `Unknown field ${what}`),
  missing: (element) => `Missing required field ${element}`,
  effect: (value) => `Invalid effect: ${value}`,
  operator: (name) => `Invalid Condition type : ${name}`,
  value: (operator) =>
    operator.includes('IpAddress')
      ? 'Invalid IP address in Conditions'
      : `Invalid value in Conditions for operator ${operator}`,
  principal: () => 'Invalid principal in policy',
}

const iam: Sentences = {
  code: 'MalformedPolicyDocument',
  notAnObject: 'Syntax errors in policy.',
  invalidJson: 'Syntax errors in policy.',
  tooLarge: 'Cannot exceed quota for PolicySize',
  version: 'Syntax errors in policy.',
  emptyStatement: 'Syntax errors in policy.',
  syntax: () => 'Syntax errors in policy.',
  missing(element) {
    if (element === 'Action') return 'Policy statement must contain actions.'
    if (element === 'Resource') return 'Policy statement must contain resources.'
    return element === 'Principal' ? 'Missing required field Principal' : 'Syntax errors in policy.'
  },
  effect: () => 'Syntax errors in policy.',
  operator: () => 'Syntax errors in policy.',
  value: (operator) => (operator.startsWith('Date') ? 'The policy failed legacy parsing' : 'Syntax errors in policy.'),
  principal: (kind, name) => `Invalid principal in policy: "${kind}":"${name}"`,
}

const kms: Sentences = {
  ...iam,
  code: 'KMS.MalformedPolicyDocumentException',
  missing: (element) =>
    element === 'Principal' ? 'Policy contains a statement with no principal.' : iam.missing(element),
  principal: () => 'Policy contains a statement with one or more invalid principals.',
}

const others: Partial<Record<PolicyKind, Sentences>> = { resource: s3, key: kms }

export const sentencesOf = (kind: PolicyKind): Sentences => others[kind] ?? iam

/** `path`: for example `Statement[1].Condition.IpAddress.aws:SourceIp`; '' for the whole document. */
export function mistake(code: ErrorCode, message: string, path: string): ApiError {
  return new ApiError(code, { message, ...(path === '' ? {} : { fields: { Detail: path } }) })
}
