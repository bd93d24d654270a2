import { describe, expect, it } from 'vitest'
import { ApiError } from '#model/errors.ts'
import type { ParseOptions, PolicyKind } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'

const base = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
const open = { ...base, Principal: '*' }
const inDocument = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement })

function mistakeOf(json: string, kind: PolicyKind, options?: ParseOptions): unknown {
  try {
    parsePolicy(json, kind, options)
    return 'no mistake'
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { code: error.code, message: error.message, path: error.fields.Detail }
  }
}

// The mistake, the document, S3's message, the path.
const ofBucket: readonly (readonly [string, string, string, string | undefined])[] = [
  ['no object', '[]', "Policies must be valid JSON and the first byte must be '{'", undefined],
  ['no JSON', '{"Version"', 'This policy contains invalid Json', undefined],
  ['unknown field', '{"Statements":[]}', 'Unknown field Statements', 'Statements'],
  ['version', '{"Version":"2020-01-01","Statement":[]}', 'The policy must contain a valid version string', 'Version'],
  ['no statement', '{"Version":"2012-10-17"}', 'Missing required field Statement', undefined],
  ['empty', '{"Statement":[]}', 'Could not parse the policy: Statement is empty!', 'Statement'],
  ['effect', inDocument({ ...open, Effect: 'allow' }), 'Invalid effect: allow', 'Statement[0].Effect'],
  ['no effect', inDocument({ ...open, Effect: undefined }), 'Missing required field Effect', 'Statement[0].Effect'],
  ['no principal', inDocument(base), 'Missing required field Principal', 'Statement[0].Principal'],
  ['no action', inDocument({ ...open, Action: [] }), 'Missing required field Action', 'Statement[0].Action'],
  [
    'no resource',
    inDocument({ ...open, Resource: undefined }),
    'Missing required field Resource',
    'Statement[0].Resource',
  ],
  ['both', inDocument({ ...open, NotAction: 's3:*' }), 'Invalid policy syntax.', 'Statement[0].NotAction'],
  ['element', inDocument(open, { ...open, Conditions: {} }), 'Unknown field Conditions', 'Statement[1].Conditions'],
  [
    'action',
    inDocument({ ...open, Action: 's3:GetObjects' }),
    'Policy has invalid action',
    'Statement[0].Action: s3:GetObjects',
  ],
  ['service', inDocument({ ...open, Action: 'iam:*' }), 'Policy has invalid action', 'Statement[0].Action: iam:*'],
  [
    'bucket',
    inDocument({ ...open, Resource: 'arn:aws:s3:::other/*' }),
    'Policy has invalid resource',
    'Statement[0].Resource: arn:aws:s3:::other/*',
  ],
  ['no ARN', inDocument({ ...open, Resource: '*' }), 'Policy has invalid resource', 'Statement[0].Resource: *'],
  [
    'kind',
    inDocument({ ...open, Action: 's3:ListBucket' }),
    'Action does not apply to any resource(s) in statement',
    'Statement[0].Action: s3:ListBucket',
  ],
  [
    'operator',
    inDocument({ ...open, Condition: { StringLikes: { 'aws:Referer': 'x' } } }),
    'Invalid Condition type : StringLikes',
    'Statement[0].Condition.StringLikes',
  ],
  [
    'key',
    inDocument({ ...open, Condition: { StringLike: { 's3:Prefixes': 'x' } } }),
    'Policy has an invalid condition key',
    'Statement[0].Condition.StringLike.s3:Prefixes',
  ],
  [
    'key of others',
    inDocument({ ...open, Condition: { StringLike: { 's3:prefix': 'x' } } }),
    'Conditions do not apply to combination of actions and resources in statement',
    'Statement[0].Condition.StringLike.s3:prefix',
  ],
  [
    'address',
    inDocument({ ...open, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }),
    'Invalid IP address in Conditions',
    'Statement[0].Condition.IpAddress.aws:SourceIp: 10.0.0.0/33',
  ],
  [
    'number',
    inDocument({ ...open, Condition: { NumericLessThan: { 's3:signatureAge': 'x' } } }),
    'Invalid value in Conditions for operator NumericLessThan',
    'Statement[0].Condition.NumericLessThan.s3:signatureAge: x',
  ],
  [
    'principal kind',
    inDocument({ ...open, Principal: { User: 'x' } }),
    'Invalid principal in policy',
    'Statement[0].Principal.User',
  ],
  [
    'nobody',
    inDocument({ ...open, Principal: { AWS: 'arn:aws:iam::123456789012:user/gone' } }),
    'Invalid principal in policy',
    'Statement[0].Principal: arn:aws:iam::123456789012:user/gone',
  ],
  [
    'wildcard in a principal',
    inDocument({ ...open, Principal: { AWS: 'arn:aws:iam::123456789012:user/*' } }),
    'Invalid principal in policy',
    'Statement[0].Principal: arn:aws:iam::123456789012:user/*',
  ],
  [
    'everyone but',
    inDocument({ ...base, NotPrincipal: { AWS: '123456789012' } }),
    'Allow with NotPrincipal is not allowed.',
    'Statement[0].NotPrincipal',
  ],
  [
    'too long',
    inDocument({ ...open, Sid: 'x'.repeat(21_000) }),
    'Normalized policy document exceeds the maximum allowed size of 20480 bytes',
    undefined,
  ],
]

const ofIam: readonly (readonly [string, PolicyKind, string, string])[] = [
  ['no JSON', 'identity', 'nothing', 'Syntax errors in policy.'],
  ['a principal', 'identity', inDocument(open), 'Policy document should not specify a principal.'],
  ['no actions', 'identity', inDocument({ ...base, Action: undefined }), 'Policy statement must contain actions.'],
  [
    'no resources',
    'identity',
    inDocument({ ...base, Resource: undefined }),
    'Policy statement must contain resources.',
  ],
  [
    'no vendor',
    'identity',
    inDocument({ ...base, Action: 'GetObject' }),
    'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
  ],
  [
    'two colons',
    'identity',
    inDocument({ ...base, Action: 's3:a:b' }),
    'Actions/Condition can contain only one colon.',
  ],
  ['a vendor', 'identity', inDocument({ ...base, Action: 's 3:Get' }), 'Vendor s 3 is not valid'],
  ['no ARN', 'identity', inDocument({ ...base, Resource: 'bucket' }), 'Resource bucket must be in ARN format or "*".'],
  [
    'a partition',
    'identity',
    inDocument({ ...base, Resource: 'arn:moon:s3:::b' }),
    'Partition "moon" is not valid for resource "arn:moon:s3:::b".',
  ],
  [
    'a region',
    'identity',
    inDocument({ ...base, Resource: 'arn:aws:s3:us-east-1::b' }),
    'Resource arn:aws:s3:us-east-1::b can not contain region information.',
  ],
  [
    'twice a Sid',
    'identity',
    inDocument({ ...base, Sid: 'a' }, { ...base, Sid: 'a' }),
    'Statement IDs (SID) in a single policy must be unique.',
  ],
  [
    'a date',
    'identity',
    inDocument({ ...base, Condition: { DateLessThan: { 'aws:CurrentTime': 'soon' } } }),
    'The policy failed legacy parsing',
  ],
  ['a resource', 'trust', inDocument({ ...open, Action: 'sts:AssumeRole' }), 'Has prohibited field Resource.'],
  [
    'an action',
    'trust',
    inDocument({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject' }),
    'Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity',
  ],
  [
    'nobody',
    'trust',
    inDocument({
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::123456789012:user/gone' },
      Action: 'sts:AssumeRole',
    }),
    'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/gone"',
  ],
]

const options = { bucket: 'bucket', principalExists: (name: string) => !name.endsWith('/gone') }

describe('policy documents', () => {
  it.each(ofBucket)('of a bucket are refused in the words of S3: %s', (_, json, message, path) => {
    expect(mistakeOf(json, 'resource', options)).toEqual({ code: 'MalformedPolicy', message, path })
  })

  it.each(ofIam)('are refused in the words of IAM: %s', (_, kind, json, message) => {
    expect(mistakeOf(json, kind, options)).toMatchObject({ code: 'MalformedPolicyDocument', message })
  })

  it('may say one thing or many, in both versions', () => {
    const single = parsePolicy(JSON.stringify({ Statement: { ...open, Sid: 'One' } }), 'resource')
    expect(single).toMatchObject({
      version: '2008-10-17',
      statements: [{ sid: 'One', action: { values: ['s3:GetObject'] } }],
    })
    const all = inDocument({
      Effect: 'Deny',
      NotPrincipal: { AWS: ['123456789012', 'arn:aws:iam::123456789012:root'], CanonicalUser: 'a'.repeat(64) },
      NotAction: ['s3:Get*', 's3:ListBucket'],
      NotResource: ['arn:aws:s3:::bucket', 'arn:aws:s3:::bu?ket/*'],
      Condition: {
        'ForAnyValue:StringLikeIfExists': { 's3:RequestObjectTagKeys': ['a', 'b'] },
        Null: { 'aws:username': true },
      },
    })
    expect(mistakeOf(all, 'resource', options)).toBe('no mistake')
  })

  it('take actions, keys and operators of AWS in any case that AWS takes', () => {
    const Condition = { StringEquals: { 'S3:PREFIX': 'a', 'AWS:sourceip': 'x' } }
    const list = { ...open, Action: 'S3:LISTBUCKET', Resource: 'arn:aws:s3:::bucket', Condition }
    expect(mistakeOf(inDocument(list), 'resource', options)).toBe('no mistake')
  })
})
