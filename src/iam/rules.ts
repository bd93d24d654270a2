/** Rules for parameters. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
import type { TextRule } from '#http/aws-service/constraint.ts'
import { namePattern } from '#identity/entities/entity.ts'
import { tagRules } from '#model/tag-rules.ts'

const name = (max: number): TextRule => ({ min: 1, max, pattern: namePattern })

export const rules = {
  userName: name(64),
  groupName: name(128),
  roleName: name(64),
  policyName: name(128),
  profileName: name(128),
  path: { min: 1, max: 512, pattern: /^(\/|\/[\u0021-\u007e]+\/)$/ },
  pathPrefix: { min: 1, max: 512, pattern: /^\/[\u0021-\u007e]*$/ },
  arn: { min: 20, max: 2048 },
  accessKeyId: { min: 16, max: 128, pattern: /^[\w@.-]+$/ },
  document: { min: 1, max: 131_072 },
  description: { max: 1000 },
  serviceName: name(128),
  customSuffix: name(64),
  deletionTask: { min: 1, max: 1000 },
  versionId: { pattern: /^v[1-9]\d*(\.[A-Za-z0-9-]*)?$/ },
  password: { min: 1, max: 128 },
  alias: { min: 3, max: 63, pattern: /^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$/ },
  tagKey: tagRules.key,
  tagValue: tagRules.value,
  providerUrl: { min: 1, max: 255 },
  clientId: { min: 1, max: 255 },
  thumbprint: { min: 40, max: 40 },
} as const satisfies Record<string, TextRule>

export const tagsMax = 50
