/**
 * Every combination of what policies can say, against the rules of AWS's evaluation logic written down a second time.
 */
import { describe, expect, it } from 'vitest'
import type { NamedPolicy } from '#policy/evaluate/evaluate.ts'
import { anonymousRequester, type Requester } from '#policy/requester.ts'
import { account, ask, bucketPolicy, identityPolicy, otherAccount, roleSession, user } from './ask.ts'

const on = { Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }

const requesters: Readonly<Record<string, Requester>> = {
  user: user('mary'),
  'role session': roleSession('reader', 'mary'),
  'federated user': {
    ...user('mary'),
    type: 'federated-user',
    arn: `arn:aws:sts::${account}:federated-user/guest`,
    issuerArn: `arn:aws:iam::${account}:user/mary`,
  },
  root: { ...user('root'), type: 'root', arn: `arn:aws:iam::${account}:root` },
  anonymous: anonymousRequester,
}

type Says = 'nothing' | 'allows' | 'denies' | 'is absent'

const own = (says: Says): NamedPolicy | undefined =>
  says === 'is absent'
    ? undefined
    : identityPolicy(
        says === 'nothing'
          ? { Effect: 'Allow', Action: 's3:PutObject', Resource: '*' }
          : { Effect: says === 'allows' ? 'Allow' : 'Deny', ...on },
      )

type ResourceSays = 'nothing' | 'allows the requester' | 'allows everyone' | 'allows the account' | 'denies'

function ofBucket(says: ResourceSays, requester: Requester): NamedPolicy | undefined {
  const allow = (Principal: unknown) => bucketPolicy({ Effect: 'Allow', Principal, ...on })
  switch (says) {
    case 'nothing':
      return undefined
    case 'allows the requester':
      return allow({ AWS: requester.arn === '' ? '*' : requester.arn })
    case 'allows everyone':
      return allow('*')
    case 'allows the account':
      return allow({ AWS: account })
    case 'denies':
      return bucketPolicy({ Effect: 'Deny', Principal: '*', ...on })
  }
}

interface Case {
  readonly requester: Requester
  readonly isSameAccount: boolean
  readonly identity: Says
  readonly resource: ResourceSays
  readonly boundary: Says
  readonly session: Says
  readonly acl: boolean
}

function* cases(): Iterable<Case> {
  const limits: readonly Says[] = ['is absent', 'allows', 'nothing', 'denies']
  for (const requester of Object.values(requesters)) {
    const { type } = requester
    const has = (policies: readonly Says[]) => (type === 'anonymous' ? (['is absent'] as const) : policies)
    for (const isSameAccount of type === 'anonymous' ? [false] : [true, false])
      for (const identity of has(['nothing', 'allows', 'denies']))
        for (const resource of [
          'nothing',
          'allows the requester',
          'allows everyone',
          'allows the account',
          'denies',
        ] as const)
          for (const boundary of type === 'root' ? (['is absent'] as const) : has(limits))
            for (const session of type === 'root' || type === 'user' ? (['is absent'] as const) : has(limits))
              for (const acl of [false, true])
                yield { requester, isSameAccount, identity, resource, boundary, session, acl }
  }
}

function expected({ requester, isSameAccount, identity, resource, boundary, session, acl }: Case): boolean {
  const { type } = requester
  if ([identity, resource, boundary, session].includes('denies')) return false
  const names = resource === 'allows the requester' || resource === 'allows everyone'
  if (type === 'anonymous') return names || acl
  const isWithinLimits = ![boundary, session].includes('nothing')
  const isOwn = (identity === 'allows' || type === 'root') && isWithinLimits
  if (!isSameAccount) return (resource !== 'nothing' || acl) && isOwn
  if (isOwn) return true
  const isSession = type === 'assumed-role' || type === 'federated-user'
  // Naming a session itself reaches past boundaries; naming everyone does not for a session, but does for a user.
  if (resource === 'allows the requester') return true
  return (resource === 'allows everyone' || acl) && (!isSession || isWithinLimits)
}

describe('evaluation', () => {
  it('gives the answer of the rules for every combination of policies', () => {
    let count = 0
    for (const one of cases()) {
      const { requester, isSameAccount, identity, resource, boundary, session, acl } = one
      const limit = own(boundary)
      const ofSession = own(session)
      const bucket = ofBucket(resource, requester)
      const decision = ask(
        {
          identity: [own(identity)].filter((policy) => policy !== undefined),
          ...(bucket && { resource: bucket }),
          ...(limit && { boundary: limit }),
          ...(ofSession && { session: [ofSession] }),
          acl: () => acl,
        },
        { principal: requester, resourceAccount: isSameAccount ? account : otherAccount },
      )
      count++
      expect({ ...one, allowed: decision.outcome === 'Allow' }).toEqual({ ...one, allowed: expected(one) })
      const isDenied = [identity, resource, boundary, session].includes('denies')
      if (!expected(one)) expect(decision.reason).toBe(isDenied ? 'explicit-deny' : 'implicit-deny')
    }
    expect(count).toBeGreaterThan(2000)
  })

  it('names the policy and the statement that decided', () => {
    const allow = identityPolicy({ Sid: 'Read', Effect: 'Allow', ...on })
    const deny = bucketPolicy({ Sid: 'Closed', Effect: 'Deny', Principal: '*', ...on })
    expect(ask({ identity: [allow] })).toMatchObject({ policyType: 'identity-based', policy: 'identity', sid: 'Read' })
    expect(ask({ identity: [allow], resource: deny })).toMatchObject({ policyType: 'resource-based', sid: 'Closed' })
    expect(ask({})).toMatchObject({ reason: 'implicit-deny', policyType: 'identity-based', sid: undefined })
    const boundary = identityPolicy({ Effect: 'Allow', Action: 's3:PutObject', Resource: '*' })
    expect(ask({ identity: [allow], boundary })).toMatchObject({ policyType: 'permissions-boundary' })
    expect(ask({ identity: [allow], session: [boundary] })).toMatchObject({ policyType: 'session' })
    expect(ask({ identity: [allow] }, { resourceAccount: otherAccount })).toMatchObject({
      policyType: 'resource-based',
    })
  })
})
