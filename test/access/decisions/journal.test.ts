import { describe, expect, it } from 'vitest'
import { DecisionJournal, type Draft } from '#access/records/decision-journal.ts'
import { UsageLedger } from '#access/records/usage-ledger.ts'
import { systemClock } from '#lib/clock.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { leastPolicyFor } from '#policy/advice/least-privilege.ts'

const fail = (error: unknown) => {
  throw error
}

const draft = (message: string, more: Partial<Draft> = {}): Draft => ({
  outcome: 'Deny',
  code: 'AccessDenied',
  message,
  requester: { type: 'user', arn: 'arn:aws:iam::1:user/a', account: '1', accessKeyId: 'a' },
  sourceAddress: undefined,
  ...more,
})

const all = { limit: 1000, isVisible: () => true }

describe('the journal of decisions', () => {
  it('keeps the newest of all processes, in a ring', async () => {
    const engine = openMemoryEngine()
    const one = new DecisionJournal({ engine, capacity: 5, clock: systemClock, onError: fail })
    const two = new DecisionJournal({ engine, capacity: 5, clock: systemClock, onError: fail })
    const first = one.record(() => draft('0'))
    for (let i = 1; i < 8; i++) {
      const journal = i % 2 === 0 ? one : two
      journal.record(() => draft(String(i)))
      await journal.flush()
    }
    expect((await two.list(all)).map(({ message }) => message)).toEqual(['7', '6', '5', '4', '3'])
    expect(await two.find(first)).toBeUndefined()
  })

  it('loses nothing of processes that write at the same moment', async () => {
    const engine = openMemoryEngine()
    const journals = Array.from({ length: 5 }, () => new DecisionJournal({ engine, clock: systemClock, onError: fail }))
    for (const [at, journal] of journals.entries()) {
      for (let i = 0; i < 20; i++) journal.record(() => draft(`${at}-${i}`))
    }
    await Promise.all(journals.map((journal) => journal.flush()))
    const found = await journals[0]?.list(all)
    expect(new Set(found?.map(({ message }) => message)).size).toBe(100)
  })

  it('costs a bounded number of traces in a flood, and leaves out what is too long', async () => {
    const journal = new DecisionJournal({ engine: openMemoryEngine(), clock: systemClock, onError: fail })
    let drafted = 0
    for (let i = 0; i < 10_000; i++) {
      journal.record(() => {
        drafted++
        return draft(String(i))
      })
    }
    await journal.flush()
    expect(drafted).toBe(100)
    const long = [{ policyType: 'identity-based', policy: 'x'.repeat(100_000), statements: [] }] as const
    const id = journal.record(() => draft('long', { policies: long }))
    expect(await journal.find(id)).toMatchObject({ message: 'long', policies: [] })
  })

  it('survives a record that cannot be made', async () => {
    const errors: unknown[] = []
    const journal = new DecisionJournal({
      engine: openMemoryEngine(),
      clock: systemClock,
      onError: (error) => errors.push(error),
    })
    journal.record(() => fail(new Error('no')))
    journal.record(() => draft('yes'))
    expect((await journal.list(all)).map(({ message }) => message)).toEqual(['yes'])
    expect(errors).toHaveLength(1)
  })
})

describe('the ledger of uses', () => {
  it('counts by folder, and by bucket where there are too many', async () => {
    const ledger = new UsageLedger({ engine: openMemoryEngine(), clock: systemClock, onError: fail })
    for (let i = 0; i < 500; i++) ledger.count('key', 's3:GetObject', 'b', `folder-${i}/x`)
    for (let i = 0; i < 3; i++) ledger.count('key', 's3:ListAllMyBuckets', undefined, undefined)
    ledger.count('other', 's3:GetObject', 'b', 'x')
    const uses = await ledger.usesOf('key', Date.now())
    expect(uses).toHaveLength(102)
    expect(uses).toContainEqual({ action: 's3:GetObject', resource: 'arn:aws:s3:::b/*', count: 400 })
    expect(uses).toContainEqual({ action: 's3:ListAllMyBuckets', resource: '*', count: 3 })
    expect(leastPolicyFor(uses).Statement).toEqual([
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::b/*'] },
      { Effect: 'Allow', Action: ['s3:ListAllMyBuckets'], Resource: ['*'] },
    ])
    expect(await ledger.usesOf('key', Date.now() + 2 * 86_400_000)).toEqual([])
  })

  it('adds up over processes and time', async () => {
    const engine = openMemoryEngine()
    const one = new UsageLedger({ engine, clock: systemClock, onError: fail })
    const two = new UsageLedger({ engine, clock: systemClock, onError: fail })
    one.count('key', 's3:PutObject', 'b', 'a/1')
    two.count('key', 's3:PutObject', 'b', 'a/2')
    await two.flush()
    expect(await one.usesOf('key', 0)).toEqual([{ action: 's3:PutObject', resource: 'arn:aws:s3:::b/a/*', count: 2 }])
  })
})
