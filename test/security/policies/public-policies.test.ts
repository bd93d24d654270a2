/**
 * A policy with conditions that any anonymous request can meet is public: Block Public Access refuses it, and its
 * status shows it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,blocked' })
  const block =
    '<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>'
  expect((await api.ask({ line: 'PUT /blocked?publicAccessBlock', body: block })).status).toBe(200)
})
afterAll(() => api.close())

type Statement = Readonly<Record<string, unknown>>

async function isPublic(...statements: Statement[]): Promise<boolean> {
  const put = (bucket: string) => {
    const Statement = statements.map((one) => ({
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/*`,
      ...one,
    }))
    return api.ask({ line: `PUT /${bucket}?policy`, body: JSON.stringify({ Version: '2012-10-17', Statement }) })
  }
  expect((await put('bucket')).status).toBe(204)
  const status = (await api.ask({ line: 'GET /bucket?policyStatus' })).body.includes('<IsPublic>true<')
  const { status: answer, code } = await put('blocked')
  expect([answer, code]).toEqual(status ? [403, 'AccessDenied'] : [204, ''])
  return status
}

const when = (operator: string, key: string, ...values: string[]): Statement => ({
  Condition: { [operator]: { [key]: values } },
})
const eights = Array.from({ length: 256 }, (_, first) => `${first}.0.0.0/8`)
const fixed = when('StringEquals', 'aws:SourceVpc', 'vpc-91237329')

describe('a policy for everyone is public', () => {
  it.each<[string, ...Statement[]]>([
    ['without a condition', {}],
    ['where one of two statements is', fixed, {}],
    ['by NotAction', { Action: undefined, NotAction: 's3:DeleteObject' }],
    ['with the user id of strangers', when('StringEquals', 'aws:userid', 'anonymous')],
    ['with that beside another', when('StringEquals', 'aws:userid', 'AIDAEXAMPLE', 'anonymous')],
    ['with that in another case', when('StringEqualsIgnoreCase', 'AWS:UserId', 'ANONYMOUS')],
    ['with that as a pattern', when('StringLike', 'aws:userid', 'anonymous')],
    ['with that for any value', when('ForAnyValue:StringEquals', 'aws:userid', 'anonymous')],
    ['with a session of a role that any name has', when('StringLike', 'aws:userid', 'AROAEXAMPLE:*')],
    ['with the type of strangers', when('StringEquals', 'aws:PrincipalType', 'Anonymous')],
    ['with a wildcard', when('StringLike', 'aws:SourceVpc', 'vpc-*')],
    ['with a wildcard for a letter', when('StringLike', 'aws:PrincipalAccount', '????????????')],
    ['with a wildcard in an ARN', when('ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*')],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
    ['with a variable', when('StringEquals', 'aws:userid', '${aws:userid}')],
    ['with one value of two that is fixed', when('StringLike', 'aws:SourceArn', 'arn:aws:s3:::a', '*')],
    ['with a negation', when('StringNotEquals', 'aws:SourceVpc', 'vpc-91237329')],
    ['with another negation', when('ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::000000000000:user/a')],
    ['with addresses left out', when('NotIpAddress', 'aws:SourceIp', '192.0.2.0/24')],
    ['with what holds where the key is missing', when('StringEqualsIfExists', 'aws:SourceVpc', 'vpc-91237329')],
    ['with addresses if there are any', when('IpAddressIfExists', 'aws:SourceIp', '192.0.2.0/24')],
    ['with what holds for no value', when('ForAllValues:StringEquals', 'aws:PrincipalOrgID', 'o-1')],
    ['with a key that must be there', when('Null', 'aws:SourceVpc', 'false')],
    ['with a key that strangers choose', when('StringEquals', 'aws:Referer', 'https://a.example/')],
    ['with another of these', when('StringEquals', 'aws:UserAgent', 'secret')],
    ['with a time', when('DateGreaterThan', 'aws:CurrentTime', '2020-01-01T00:00:00Z')],
    ['over TLS', when('Bool', 'aws:SecureTransport', 'true')],
    ['for all addresses', when('IpAddress', 'aws:SourceIp', '0.0.0.0/0')],
    ['for half of them', when('IpAddress', 'aws:SourceIp', '0.0.0.0/1')],
    ['for a range that is broader than /8', when('IpAddress', 'aws:SourceIp', '52.0.0.0/7')],
    ['for all addresses of version 6', when('IpAddress', 'aws:SourceIp', '::/0')],
    ['for a range that is broader than /32', when('IpAddress', 'aws:SourceIp', '2001:db8::/31')],
    ['for all addresses in 256 ranges', when('IpAddress', 'aws:SourceIp', ...eights)],
    [
      'for all addresses in 512 ranges',
      when(
        'IpAddress',
        'aws:SourceIp',
        ...eights.flatMap((one) => [one.replace('/8', '/9'), one.replace('.0.0.0/8', '.128.0.0/9')]),
      ),
    ],
    ['for every other range', when('IpAddress', 'aws:SourceIp', ...eights.filter((_, at) => at % 2 === 0))],
    ['for two ranges that touch', when('IpAddress', 'aws:SourceIp', '52.0.0.0/8', '53.0.0.0/8')],
    [
      'for all addresses in two statements',
      when('IpAddress', 'aws:SourceIp', ...eights.filter((_, at) => at % 32 === 0)),
      when('IpAddress', 'aws:SourceIp', ...eights.filter((_, at) => at % 32 === 1)),
    ],
  ])('%s', async (_title, ...statements) => {
    expect(await isPublic(...statements)).toBe(true)
  })
})

describe('a policy is not public', () => {
  it.each<[string, ...Statement[]]>([
    ['for principals that are named', { Principal: { AWS: ['000000000000', 'arn:aws:iam::111111111111:root'] } }],
    ['where it denies', { Effect: 'Deny' }],
    ['with a network that is fixed', fixed],
    ['with an account', when('StringEquals', 'aws:PrincipalAccount', '000000000000')],
    ['with an organization', when('StringEquals', 'aws:PrincipalOrgID', 'o-1234567890')],
    ['with an ARN', when('ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::000000000000:user/a')],
    ['with a user id', when('StringEquals', 'aws:userid', 'AIDAEXAMPLE')],
    [
      'with a source that is fixed, and one key more',
      { Condition: { ...(fixed.Condition as object), Bool: { 'aws:SecureTransport': 'true' } } },
    ],
    ['for one address', when('IpAddress', 'aws:SourceIp', '192.0.2.1')],
    ['for a range of /8', when('IpAddress', 'aws:SourceIp', '52.0.0.0/8')],
    ['for some ranges', when('IpAddress', 'aws:SourceIp', '52.0.0.0/8', '54.0.0.0/8', '192.0.2.0/24')],
    ['for a range of /32', when('IpAddress', 'aws:SourceIp', '2001:db8::/32')],
    ['for all private addresses', when('IpAddress', 'aws:SourceIp', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16')],
    ['for ranges that overlap', when('IpAddress', 'aws:SourceIp', '52.0.0.0/8', '52.0.0.0/9', '52.128.0.0/9')],
  ])('%s', async (_title, ...statements) => {
    expect(await isPublic(...statements)).toBe(false)
  })
})
