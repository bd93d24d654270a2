import { elementsAt, textAt, type XmlElements } from '#lib/text/xml.ts'
import { assertCorsRules, type CorsRule } from '#model/bucket/cors.ts'
import { limits } from '#model/limits.ts'
import { type BucketSetting, inOwnRow, xmlDocument } from '#s3/bucket/setting.ts'
import type { XmlContent } from '#s3/operation.ts'
import { assertOnly, readInteger } from '#s3/request/documents/read-xml.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export const cors: BucketSetting<readonly CorsRule[]> = {
  subresource: 'cors',
  get: { name: 'GetBucketCors', action: 's3:GetBucketCORS' },
  put: { name: 'PutBucketCors', action: 's3:PutBucketCORS', needsChecksum: true, maxBytes: limits.corsBytes },
  delete: { name: 'DeleteBucketCors', action: 's3:PutBucketCORS' },
  missing: 'NoSuchCORSConfiguration',
  document: xmlDocument({
    root: 'CORSConfiguration',
    lists: ['CORSRule', 'AllowedMethod', 'AllowedOrigin', 'AllowedHeader', 'ExposeHeader'],
    parse(content) {
      assertOnly(content, ['CORSRule'])
      const rules = elementsAt(content, 'CORSRule').map(readRule)
      assertCorsRules(rules)
      return rules
    },
    format: (rules) => ({ CORSRule: rules.map(writeRule) }),
  }),
  kept: inOwnRow('cors'),
}

const elements = ['ID', 'AllowedMethod', 'AllowedOrigin', 'AllowedHeader', 'ExposeHeader', 'MaxAgeSeconds']

function readRule(rule: XmlElements): CorsRule {
  assertOnly(rule, elements)
  const [id, maxAge] = [textAt(rule, 'ID'), textAt(rule, 'MaxAgeSeconds')]
  return {
    ...(id !== undefined && { id }),
    allowedOrigins: textsAt(rule, 'AllowedOrigin'),
    allowedMethods: textsAt(rule, 'AllowedMethod'),
    allowedHeaders: textsAt(rule, 'AllowedHeader'),
    exposeHeaders: textsAt(rule, 'ExposeHeader'),
    ...(maxAge !== undefined && { maxAgeSeconds: readInteger(maxAge) }),
  }
}

function writeRule(rule: CorsRule): XmlContent {
  return {
    ID: rule.id,
    AllowedMethod: rule.allowedMethods,
    AllowedOrigin: rule.allowedOrigins,
    AllowedHeader: rule.allowedHeaders,
    ExposeHeader: rule.exposeHeaders,
    MaxAgeSeconds: rule.maxAgeSeconds,
  }
}

function textsAt(node: XmlElements, name: string): string[] {
  const values = (node[name] ?? []) as readonly (string | XmlElements)[]
  return values.map((value) => {
    if (typeof value !== 'string') throw new Error(`<${name}> must hold text`)
    return value
  })
}
