/** Rules for parameters, from the service model of @aws-sdk/client-kms. */
import type { TextRule } from '#http/aws-service/constraint.ts'

export const rules = {
  keyId: { min: 1, max: 2048 },
  aliasName: { min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ },
  description: { max: 8192 },
  policy: { min: 1, max: 131_072 },
  policyName: { min: 1, max: 128, pattern: /^\w+$/ },
  marker: { min: 1, max: 1024 },
  tagKey: { min: 1, max: 128 },
  tagValue: { max: 256 },
} as const satisfies Record<string, TextRule>

export const plaintextBytes = { min: 1, max: 4096 }
export const ciphertextBytes = { min: 1, max: 6144 }
export const randomBytesAllowed = { min: 1, max: 1024 }
export const windowDays = { min: 7, max: 30, usual: 30 }
export const rotationDays = { min: 90, max: 2560, usual: 365 }
export const contextCharactersMax = 8192
