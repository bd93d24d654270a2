/**
 * All managed policies of AWS, by ARN. The most used ones are ready; the others are decompressed on first use. Then
 * their text stays in memory, and each document is parsed when it is needed.
 */
import { brotliDecompressSync } from 'node:zlib'
import { derivedId, type PolicyText } from '#identity/entities/entity.ts'
import type { ManagedPolicy } from '#identity/entities/managed-policy.ts'
import { awsPolicyData } from './data.ts'
import { awsManagedPolicies, awsPolicyArn } from './often-used.ts'

const arnPrefix = awsPolicyArn('')
let unpacked: ReadonlyMap<string, ManagedPolicy> | undefined

export function findAwsPolicy(arn: string): ManagedPolicy | undefined {
  if (!arn.startsWith(arnPrefix)) return undefined
  return awsManagedPolicies.get(arn) ?? allAwsPolicies().get(arn)
}

export function allAwsPolicies(): ReadonlyMap<string, ManagedPolicy> {
  unpacked ??= unpack()
  return unpacked
}

/** Policies that AWS's services attach only to their service-linked roles. */
export const isServiceRolePolicy = (arn: string): boolean => arn.startsWith(awsPolicyArn('aws-service-role/'))

function unpack(): ReadonlyMap<string, ManagedPolicy> {
  const lines = brotliDecompressSync(Buffer.from(awsPolicyData, 'base64')).toString().split('\n')
  return new Map(
    lines.map((line): [string, ManagedPolicy] => {
      const [place = '', version = '', createdAt = '', updatedAt = '', json = ''] = line.split('\t')
      const arn = awsPolicyArn(place.slice(1))
      return [arn, awsManagedPolicies.get(arn) ?? policyOf(place, { version, createdAt, updatedAt, json })]
    }),
  )
}

function policyOf(
  place: string,
  { version, createdAt, updatedAt, json }: Readonly<Record<'version' | 'createdAt' | 'updatedAt' | 'json', string>>,
): ManagedPolicy {
  const slash = place.lastIndexOf('/') + 1
  const name = place.slice(slash)
  let document: PolicyText | undefined
  const latest = {
    id: version,
    createdAt: updatedAt,
    // Parsed once: the compiled policy is cached by this object.
    get document(): PolicyText {
      document ??= JSON.parse(json) as PolicyText
      return document
    },
  }
  return {
    name,
    path: place.slice(0, slash),
    // AWS's own ids are not published.
    id: derivedId('ANPA', 'aws', name),
    createdAt,
    updatedAt,
    tags: {},
    versions: [latest],
    defaultVersion: version,
  }
}
