/**
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html, row by row.
 */
import { describe, expect, it } from 'vitest'
import { identityPolicy, isAllowed, type Keys, user } from './ask.ts'

type Row = readonly [operator: string, policy: unknown, request: string | readonly string[] | undefined, holds: boolean]

// Operator, value in the policy, value of the request, whether it holds.
const rows: readonly Row[] = [
  ['StringEquals', 'a', 'a', true],
  ['StringEquals', 'a', 'A', false],
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', 'a*', 'abc', false],
  ['StringEquals', 'a', undefined, false],
  ['StringNotEquals', 'a', 'b', true],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', 'a', undefined, true],
  ['StringEqualsIgnoreCase', 'Home/', 'hOME/', true],
  ['StringNotEqualsIgnoreCase', 'Home/', 'hOME/', false],
  ['StringLike', 'home/*', 'home/x/y', true],
  ['StringLike', 'home/?', 'home/xy', false],
  ['StringLike', 'home/*', 'HOME/x', false],
  ['StringNotLike', 'home/*', 'home/x', false],
  ['StringLike', '*', '', true],
  ['NumericEquals', 10, '10', true],
  ['NumericEquals', '10', '10.0', true],
  ['NumericNotEquals', '10', '11', true],
  ['NumericLessThan', '10', '9', true],
  ['NumericLessThan', '10', '10', false],
  ['NumericLessThanEquals', '10', '10', true],
  ['NumericGreaterThan', '9', '10', true],
  ['NumericGreaterThanEquals', '10', '9.5', false],
  ['NumericLessThan', '10', 'many', false],
  ['NumericLessThan', '10', '', false],
  ['DateEquals', '2026-11-24T10:00:00Z', '2026-11-24T10:00:00Z', true],
  ['DateEquals', '2026-11-24T10:00:00Z', '2026-11-24T11:00:00+01:00', true],
  ['DateNotEquals', '2026-11-24', '2026-11-25T00:00:00Z', true],
  ['DateLessThan', '2026-11-24T10:00:00Z', '2026-11-24T09:59:59Z', true],
  ['DateLessThanEquals', '2026-11-24T10:00:00Z', '2026-11-24T10:00:00Z', true],
  ['DateGreaterThan', '1700000000', '2026-11-24T10:00:00Z', true],
  ['DateGreaterThanEquals', '2026-11-24T10:00:00Z', '1700000000', false],
  ['Bool', 'true', 'TRUE', true],
  ['Bool', false, 'true', false],
  ['Bool', 'true', undefined, false],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
  ['BinaryEquals', 'QmluYXJ5', 'qmluYXJ5', false],
  ['IpAddress', '203.0.113.0/24', '203.0.113.7', true],
  ['IpAddress', '203.0.113.0/24', '203.0.114.7', false],
  ['IpAddress', '203.0.113.7', '203.0.113.7', true],
  ['IpAddress', '0.0.0.0/0', '8.8.8.8', true],
  ['IpAddress', '0.0.0.0/0', '2001:db8::1', false],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5678:9::1', true],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5679::1', false],
  ['IpAddress', '10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['IpAddress', '10.0.0.0/8', 'localhost', false],
  ['NotIpAddress', '203.0.113.0/24', '203.0.114.7', true],
  ['NotIpAddress', ['203.0.113.0/24', '2001:db8::/32'], '2001:db8::7', false],
  ['ArnEquals', 'arn:aws:iam::123456789012:user/*', 'arn:aws:iam::123456789012:user/a/b', true],
  ['ArnLike', 'arn:aws:iam::*:role/admin', 'arn:aws:iam::123456789012:role/admin', true],
  ['ArnLike', 'arn:aws:*', 'arn:aws:iam::123456789012:role/admin', false],
  ['ArnNotLike', 'arn:aws:iam::*:role/admin', 'arn:aws:iam::123456789012:role/other', true],
  ['ArnNotEquals', 'arn:aws:iam::*:role/admin', 'arn:aws:iam::123456789012:role/admin', false],
  ['Null', 'true', undefined, true],
  ['Null', 'true', 'there', false],
  ['Null', false, 'there', true],
  ['Null', 'false', undefined, false],
  ['StringEqualsIfExists', 'a', undefined, true],
  ['StringEqualsIfExists', 'a', 'b', false],
  ['BoolIfExists', 'true', undefined, true],
  ['IpAddressIfExists', '10.0.0.0/8', '11.0.0.1', false],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', ['a', 'b'], undefined, true],
  ['ForAllValues:StringEquals', ['a', 'b'], [], true],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'd'], true],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['a', 'd'], false],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['x', 'b'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['x', 'y'], false],
  ['ForAnyValue:StringEquals', ['a', 'b'], undefined, false],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'x'], true],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
  ['ForAnyValue:StringLike', 'team-*', ['x', 'team-1'], true],
  ['ForAllValues:StringLikeIfExists', 'team-*', ['team-1'], true],
  ['ForAnyValue:StringLikeIfExists', 'team-*', undefined, true],
]

const holds = (operator: string, value: unknown, keys: Keys): boolean =>
  isAllowed(
    {
      identity: [
        identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*', Condition: { [operator]: { Key: value } } }),
      ],
    },
    { keys },
  )

describe('condition operators', () => {
  it.each(rows)('%s %j against %j: %s', (operator, value, given, wanted) => {
    expect(holds(operator, value, given === undefined ? {} : { key: given })).toBe(wanted)
  })

  it('join several values of a key by or, several keys and operators by and', () => {
    const Condition = { StringEquals: { a: ['1', '2'], b: '3' }, Bool: { c: 'true' } }
    const identity = [identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*', Condition })]
    expect(isAllowed({ identity }, { keys: { a: '2', b: '3', c: 'true' } })).toBe(true)
    expect(isAllowed({ identity }, { keys: { a: '2', b: '4', c: 'true' } })).toBe(false)
    expect(isAllowed({ identity }, { keys: { a: '2', b: '3', c: 'false' } })).toBe(false)
  })

  it('fill keys from the requester and the clock', () => {
    const principal = user('mary', { tags: { team: 'blue' } })
    const allows = (Condition: object) =>
      isAllowed(
        { identity: [identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*', Condition })] },
        { principal },
      )
    expect(allows({ StringEquals: { 'aws:username': 'mary', 'aws:PrincipalTag/Team': 'blue' } })).toBe(true)
    expect(allows({ StringEquals: { 'aws:PrincipalType': 'User', 'AWS:PrincipalAccount': '123456789012' } })).toBe(true)
    expect(allows({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:user/*' } })).toBe(true)
    expect(allows({ DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } })).toBe(true)
    expect(allows({ NumericGreaterThan: { 'aws:EpochTime': 1_600_000_000 } })).toBe(true)
    expect(allows({ Null: { 'aws:TokenIssueTime': 'true', 'aws:MultiFactorAuthAge': 'true' } })).toBe(true)
    expect(allows({ StringEquals: { 'aws:PrincipalTag/constructor': 'x' } })).toBe(false)
  })
})
