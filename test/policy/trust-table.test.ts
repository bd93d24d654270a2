/**
 * Roles' trust policies, NotPrincipal, and roles named in resource policies, in every combination, against the rules of
 * AWS written down a second time:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import type { NamedPolicy, Policies } from '#policy/evaluate/evaluate.ts'
import type { Requester } from '#policy/requester.ts'
import { account, ask, bucketPolicy, identityPolicy, otherAccount, roleSession, user } from './ask.ts'

const says = ['nothing', 'allows', 'denies'] as const
type Says = (typeof says)[number]
type Limit = Says | 'is absent'
const limits = ['is absent', ...says] as const

interface Own {
  readonly identity: Says
  readonly boundary: Limit
  readonly session: Limit
}

const requesters: Readonly<Record<string, Requester>> = {
  user: user('mary'),
  'role session': roleSession('reader', 'mary'),
  root: { ...user('root'), type: 'root', arn: `arn:aws:iam::${account}:root` },
}

function* ownPolicies({ type }: Requester): Iterable<Own> {
  for (const identity of says)
    for (const boundary of type === 'root' ? (['is absent'] as const) : limits)
      for (const session of type === 'assumed-role' ? limits : (['is absent'] as const))
        yield { identity, boundary, session }
}

function policiesOf({ identity, boundary, session }: Own, Action: string): Policies {
  const policy = (what: Limit) =>
    what === 'is absent'
      ? undefined
      : identityPolicy({
          Effect: what === 'denies' ? 'Deny' : 'Allow',
          Action: what === 'nothing' ? 's3:PutObject' : Action,
          Resource: '*',
        })
  const [own, limit, ofSession] = [policy(identity), policy(boundary), policy(session)]
  return {
    identity: own === undefined ? [] : [own],
    ...(limit && { boundary: limit }),
    ...(ofSession && { session: [ofSession] }),
  }
}

const denies = (own: Own) => Object.values(own).includes('denies')
const isWithin = ({ boundary, session }: Own) => boundary !== 'nothing' && session !== 'nothing'
const mayByThemselves = (own: Own, { type }: Requester) =>
  (own.identity === 'allows' || type === 'root') && isWithin(own)

const roleArn = `arn:aws:iam::${account}:role/target`
const trustTo = (Principal: object | string | undefined, Effect = 'Allow'): NamedPolicy => {
  const statement = { Effect, Principal: Principal ?? { AWS: '999999999999' }, Action: 'sts:AssumeRole' }
  return {
    name: 'trust',
    policy: compilePolicy(parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }), 'trust')),
  }
}

const trusts = ['another', 'the requester', 'the issuer', 'the account', 'everyone', 'nobody, explicitly'] as const
type Trust = (typeof trusts)[number]

function trustPolicy(trust: Trust, { arn, issuerArn, account: own }: Requester): NamedPolicy {
  if (trust === 'another') return trustTo(undefined)
  if (trust === 'the requester') return trustTo({ AWS: arn })
  if (trust === 'the issuer') return trustTo({ AWS: issuerArn ?? arn })
  if (trust === 'the account') return trustTo({ AWS: own })
  return trust === 'everyone' ? trustTo('*') : trustTo('*', 'Deny')
}

function mayAssume(trust: Trust, own: Own, requester: Requester, isSameAccount: boolean): boolean {
  if (denies(own) || trust === 'nobody, explicitly' || trust === 'another') return false
  const byThemselves = mayByThemselves(own, requester)
  // Across accounts both must allow, whatever the trust policy says.
  if (!isSameAccount || trust === 'the account') return byThemselves
  if (requester.type === 'root' || byThemselves) return true
  // Named in person, they need nothing of their own; by their role, or with everyone, they stay within the limits of
  // their session.
  return trust === 'the requester' || requester.type === 'user' || isWithin(own)
}

describe('a role is assumed', () => {
  it.each(Object.entries(requesters))(
    'by a %s where trust policy, own policies and limits allow it',
    (_name, requester) => {
      let count = 0
      for (const isSameAccount of [true, false]) {
        for (const trust of trusts) {
          for (const own of ownPolicies(requester)) {
            const policies = {
              ...policiesOf(own, 'sts:AssumeRole'),
              resource: trustPolicy(trust, requester),
              isResourceNeeded: true as const,
            }
            const asked = {
              principal: requester,
              action: 'sts:AssumeRole',
              resource: roleArn,
              resourceAccount: isSameAccount ? account : otherAccount,
            }
            const decision = ask(policies, asked)
            const allowed = decision.outcome === 'Allow'
            const one = { trust, isSameAccount, ...own }
            expect({ ...one, allowed }).toEqual({ ...one, allowed: mayAssume(trust, own, requester, isSameAccount) })
            count++
          }
        }
      }
      expect(count).toBeGreaterThanOrEqual(36)
    },
  )
})

const on = { Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
const other = `arn:aws:iam::${account}:user/other`

/**
 * The value of `NotPrincipal` in a Deny, and whether it denies this requester. AWS requires a session's role and
 * account too.
 */
const exceptions = {
  'another user': { names: () => [other], spares: () => false },
  'the requester and its account': {
    names: ({ arn, issuerArn }: Requester) => [
      arn,
      ...(issuerArn === undefined ? [] : [issuerArn]),
      `arn:aws:iam::${account}:root`,
    ],
    spares: () => true,
  },
  'the account alone': {
    names: () => [`arn:aws:iam::${account}:root`],
    spares: ({ type }: Requester) => type === 'root',
  },
} as const

describe('a Deny with NotPrincipal', () => {
  it.each(Object.entries(exceptions))('spares %s', (_name, { names, spares }) => {
    for (const requester of Object.values(requesters)) {
      const resource = bucketPolicy({ Effect: 'Deny', NotPrincipal: { AWS: names(requester) }, ...on })
      for (const own of ownPolicies(requester)) {
        const allowed =
          ask({ ...policiesOf(own, 's3:GetObject'), resource }, { principal: requester }).outcome === 'Allow'
        const wanted = !denies(own) && spares(requester) && mayByThemselves(own, requester)
        expect({ ...own, type: requester.type, allowed }).toEqual({ ...own, type: requester.type, allowed: wanted })
      }
    }
  })
})

describe('a bucket policy that names a role', () => {
  it('allows its sessions within their boundary and session policy, and across accounts what their own policies allow too', () => {
    const requester = roleSession('reader', 'mary')
    const resource = bucketPolicy({ Effect: 'Allow', Principal: { AWS: requester.issuerArn }, ...on })
    for (const isSameAccount of [true, false]) {
      for (const own of ownPolicies(requester)) {
        const asked = { principal: requester, resourceAccount: isSameAccount ? account : otherAccount }
        const allowed = ask({ ...policiesOf(own, 's3:GetObject'), resource }, asked).outcome === 'Allow'
        const wanted = !denies(own) && (isSameAccount ? isWithin(own) : mayByThemselves(own, requester))
        expect({ isSameAccount, ...own, allowed }).toEqual({ isSameAccount, ...own, allowed: wanted })
      }
    }
  })
})
