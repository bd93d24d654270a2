import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern } from '#policy/evaluate/pattern.ts'
import { bucketPolicy, identityPolicy, isAllowed, user } from './ask.ts'

const nothing = () => undefined
const matches = (pattern: string, text: string) =>
  compilePattern(pattern, { hasVariables: false, hasWildcards: true }).matches(text, nothing)

describe('wildcards', () => {
  it('match as the same regular expression does', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?', '.', '$'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '$', '😀'), maxLength: 12 })
    fc.assert(
      fc.property(pattern, text, (wanted, given) => {
        const source = wanted
          .replace(/[.$^+(){}|[\]\\]/g, '\\$&')
          .replaceAll('*', '.*')
          .replaceAll('?', '.')
        expect(matches(wanted, given)).toBe(new RegExp(`^${source}$`, 'su').test(given))
      }),
      { numRuns: 2000 },
    )
  })

  // With backtracking to every asterisk it would run into the time limit.
  it('cost no more than the product of the lengths', () => {
    expect(matches(`${'a*'.repeat(200)}?b`, 'a'.repeat(5000))).toBe(false)
  })

  it('of actions compare without regard to case, of resources with it', () => {
    const identity = [identityPolicy({ Effect: 'Allow', Action: 'S3:getobj*', Resource: 'arn:aws:s3:::bucket/K*' })]
    expect(isAllowed({ identity }, { resource: 'arn:aws:s3:::bucket/Key' })).toBe(true)
    expect(isAllowed({ identity }, { resource: 'arn:aws:s3:::bucket/key' })).toBe(false)
  })
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: policy variables
describe('policy variables', () => {
  const home = (Resource: string) => [identityPolicy({ Effect: 'Allow', Action: 's3:*', Resource })]
  const may = (Resource: string, key: string, userName = 'mary') =>
    isAllowed({ identity: home(Resource) }, { principal: user(userName), resource: `arn:aws:s3:::bucket/${key}` })

  it('stand for the value of the request', () => {
    expect(may('arn:aws:s3:::bucket/${aws:username}/*', 'mary/x')).toBe(true)
    expect(may('arn:aws:s3:::bucket/${AWS:UserName}/*', 'bob/x')).toBe(false)
  })

  it('are no wildcards, whatever the value holds', () => {
    expect(may('arn:aws:s3:::bucket/${aws:username}/x', 'mary/x', '*')).toBe(false)
    expect(may('arn:aws:s3:::bucket/${aws:username}/x', '*/x', '*')).toBe(true)
  })

  it('take their default where the key is missing, and match nothing without one', () => {
    expect(may("arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'company-wide'}/*", 'company-wide/x')).toBe(true)
    expect(may('arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*', '/x')).toBe(false)
    expect(may('arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*', 'undefined/x')).toBe(false)
  })

  it('write the special characters themselves', () => {
    expect(may('arn:aws:s3:::bucket/${*}', '*')).toBe(true)
    expect(may('arn:aws:s3:::bucket/${*}', 'x')).toBe(false)
    expect(may('arn:aws:s3:::bucket/${?}${$}', '?$')).toBe(true)
  })

  it('work in conditions, and leave out nothing that they cannot name', () => {
    const Condition = { StringLike: { 's3:prefix': '${aws:username}/*' } }
    const identity = [identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*', Condition })]
    expect(isAllowed({ identity }, { keys: { 's3:prefix': 'mary/a' } })).toBe(true)
    expect(isAllowed({ identity }, { keys: { 's3:prefix': 'bob/a' } })).toBe(false)
    const allBut = identityPolicy({ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::${aws:PrincipalTag/x}/*' })
    expect(isAllowed({ identity: [allBut] })).toBe(false)
    const closed = bucketPolicy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      NotResource: 'arn:aws:s3:::${aws:PrincipalTag/x}/*',
    })
    expect(isAllowed({ identity, resource: closed }, { keys: { 's3:prefix': 'mary/a' } })).toBe(false)
  })

  it('remember what they said for each requester', () => {
    for (const name of ['mary', 'bob', 'mary', 'eve']) {
      expect(
        may('arn:aws:s3:::bucket/${aws:username}-${aws:userid}/*', `${name}-AIDA${name.toUpperCase()}/x`, name),
      ).toBe(true)
    }
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: policy variables
