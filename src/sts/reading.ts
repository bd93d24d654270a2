/** Parameters and answers that several operations share. */
import type { QueryParams } from '#http/aws-query/params.ts'
import type { TextRule } from '#http/aws-service/constraint.ts'
import type { PolicyText } from '#identity/entities/entity.ts'
import { type Tag, tagsOf } from '#identity/entities/entity.ts'
import type { TemporaryCredentials } from '#identity/secrets/session-token.ts'
import type { Clock } from '#lib/clock.ts'
import type { XmlTree } from '#lib/text/xml.ts'
import { ApiError } from '#model/errors.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'

const name = (max: number): TextRule => ({ min: 2, max, pattern: /^[\w+=,.@-]*$/ })

export const rules = {
  arn: { min: 20, max: 2048, pattern: /^[\u0020-\u00ff]+$/ },
  sessionName: name(64),
  federatedName: name(32),
  sourceIdentity: name(64),
  externalId: { min: 2, max: 1224, pattern: /^[\w+=,.@:/-]*$/ },
  policy: { min: 1, max: 2048 },
  tagKey: { min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u },
  tagValue: { max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u },
  accessKeyId: { min: 16, max: 128, pattern: /^[\w@.-]*$/ },
  webIdentityToken: { min: 4, max: 20_000 },
} as const satisfies Record<string, TextRule>

const tagsMax = 50
const policyArnsMax = 10
/** Size of the session policy and the ARNs together. */
const plainCharactersMax = 2048

export interface SessionPolicies {
  readonly policy?: PolicyText
  readonly policyArns: string[]
}

/** MalformedPolicyDocument, PackedPolicyTooLarge. */
export function readSessionPolicies(params: QueryParams): SessionPolicies {
  const json = params.find('Policy', rules.policy)
  const policyArns = params.structures('PolicyArns', policyArnsMax).map((one) => one.get('arn', rules.arn))
  if ((json?.length ?? 0) + policyArns.join('').length > plainCharactersMax) {
    throw new ApiError('PackedPolicyTooLarge', {
      message: 'The plaintext of session policies and policy ARNs exceeds 2,048 characters.',
    })
  }
  if (json === undefined) return { policyArns }
  parsePolicy(json, 'identity', { maxBytes: rules.policy.max * 4 })
  return { policyArns, policy: JSON.parse(json) as PolicyText }
}

export interface SessionTags {
  readonly tags: Record<string, string>
  /** Keys of the tags that are passed on to roles assumed next. */
  readonly transitive: string[]
}

/** InvalidInput. */
export function readSessionTags(params: QueryParams): SessionTags {
  const tags: Tag[] = params
    .structures('Tags', tagsMax)
    .map((tag) => ({ key: tag.get('Key', rules.tagKey), value: tag.get('Value', rules.tagValue) }))
  return { tags: tagsOf(tags), transitive: params.list('TransitiveTagKeys', { ...rules.tagKey, maxItems: tagsMax }) }
}

/** There are no MFA devices. AccessDenied. */
export function refuseDevices(params: QueryParams): void {
  if (params.find('SerialNumber') === undefined && params.find('TokenCode') === undefined) return
  throw new ApiError('AccessDenied', {
    message:
      'MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user.',
  })
}

export const formatCredentials = (credentials: TemporaryCredentials): XmlTree => ({
  AccessKeyId: credentials.accessKeyId,
  SecretAccessKey: credentials.secretAccessKey,
  SessionToken: credentials.sessionToken,
  Expiration: `${new Date(credentials.expiresAtMs).toISOString().slice(0, 19)}Z`,
})

/** Whole seconds, like the expiry. */
export const expiryAfter = (clock: Clock, seconds: number): number =>
  (Math.floor(clock.nowMs() / 1000) + seconds) * 1000
