/** The cost of a decision in processor time, which depends little on other work of the machine. */
import { expect, it } from 'vitest'
import { createClientAddress } from '#access/caller/client-address.ts'
import { createContext } from '#access/decide/request-context.ts'
import { systemClock } from '#lib/clock.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import { evaluate, type Policies } from '#policy/evaluate/evaluate.ts'
import { bucket } from '../bench/load/works.ts'
import { fiftyStatements } from '../bench/policies.ts'
import { account, identityPolicy, user } from './ask.ts'

const options = { clientAddress: createClientAddress([]), region: 'us-east-1', clock: systemClock }
const signature = {
  version: 'AWS4-HMAC-SHA256',
  timestamp: new Date().toISOString().replace(/[-:]|\.\d{3}/g, ''),
} as const
const identity = [identityPolicy({ Effect: 'Allow', Action: '*', Resource: '*' })]
const principal = user('mary')

/** Like the authorizer: only compiled policies are kept between requests. */
function decide(policies: Policies, at: number): string {
  const facts = {
    method: 'GET',
    headers: { 'user-agent': 'bench/1' },
    query: new Map<string, string>(),
    socket: { remoteAddress: '127.0.0.1' },
    caller: { via: 'header', signature } as const,
  }
  const request = {
    principal,
    action: 's3:GetObject',
    resource: `arn:aws:s3:::${bucket}/object-${at % 1000}`,
    resourceAccount: account,
    context: createContext(options, facts, 's3:GetObject', {}),
    clock: systemClock,
  }
  return evaluate(request, policies).outcome
}

function microsecondsEach(policies: Policies): number {
  const count = 20_000
  for (let at = 0; at < count; at++) decide(policies, at)
  const before = process.cpuUsage()
  for (let at = 0; at < count; at++) expectAllowed(decide(policies, at))
  const { user: own, system } = process.cpuUsage(before)
  return (own + system) / count
}

function expectAllowed(outcome: string): void {
  if (outcome !== 'Allow') throw new Error(`it was ${outcome}`)
}

it('50 statements of mixed conditions cost a request less than 15 % of what a small GET does', () => {
  const policy = compilePolicy(parsePolicy(fiftyStatements, 'resource'))
  const without = microsecondsEach({ identity })
  const more = microsecondsEach({ identity, resource: { name: 'fifty', policy } }) - without
  if (process.env.SHOW_TIMES) console.log({ without, more })
  // A GET of 4 KiB takes a worker 100 µs and more; this was measured at 5 µs.
  expect(more).toBeLessThan(15)
})
