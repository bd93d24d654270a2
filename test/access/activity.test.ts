import { describe, expect, it } from 'vitest'
import { createClientAddress } from '#access/caller/client-address.ts'
import { Activity } from '#access/records/activity.ts'
import { maskForm, maskHeaders, maskTarget } from '#access/records/masked-request.ts'
import { readTraffic, stretchMs, Traffic } from '#access/records/traffic.ts'
import { systemClock } from '#lib/clock.ts'
import { openMemoryEngine } from '#metadata/memory/engine.ts'
import { transact } from '#metadata/transact.ts'
import type { ServedRequest } from '#model/served-request.ts'
import { mask } from '#model/served-request.ts'

const fail = (error: unknown) => {
  throw error
}

function openActivity(engine = openMemoryEngine(), capacity = 4000) {
  return new Activity({
    engine,
    capacity,
    findAccount: (canonicalId) => canonicalId.replace('owner-of-', ''),
    findByAccessKey: () => undefined,
    context: { clientAddress: createClientAddress([]), region: 'us-east-1', clock: systemClock },
    onError: fail,
  })
}

const served = (id: string, more: Partial<ServedRequest> = {}): ServedRequest => ({
  id,
  operation: 'GetObject',
  principal: undefined,
  bucketName: 'b',
  key: 'k',
  bucketOwnerId: 'owner-of-1',
  status: 200,
  errorCode: undefined,
  decisionId: undefined,
  bytes: 10,
  durationMs: 1.2345,
  message: { method: 'GET', url: '/b/k', httpVersion: '1.1', headers: {}, rawHeaders: [], socket: {} },
  ...more,
})

const ids = async (activity: Activity, query: object = {}) =>
  (await activity.list({ account: '1', limit: 1000, ...query })).records.map(({ id }) => id)

describe('the record of requests', () => {
  it('keeps the newest of all processes, in a ring, and goes on from a cursor', async () => {
    const engine = openMemoryEngine()
    const [one, two] = [openActivity(engine, 3), openActivity(engine, 3)]
    for (let i = 0; i < 5; i++) {
      const activity = i % 2 === 0 ? one : two
      activity.record(served(String(i)))
      await activity.flush()
    }
    expect(await ids(one)).toEqual(['4', '3', '2'])
    const { cursor } = await two.list({ account: '1', limit: 10 })
    one.record(served('5'))
    await one.flush()
    expect(await ids(two, { after: cursor })).toEqual(['5'])
    expect(await ids(two, { after: 1e9 })).toEqual(['5', '4', '3'])
  })

  it('shows an account nothing of others, and nobody what concerns no account', async () => {
    const activity = openActivity()
    activity.record(served('mine'))
    activity.record(served('theirs', { bucketOwnerId: 'owner-of-2' }))
    activity.record(served('nobodys', { bucketOwnerId: undefined }))
    expect(await ids(activity)).toEqual(['mine'])
    expect(await ids(activity, { account: '2' })).toEqual(['theirs'])
    expect(await ids(activity, { account: '' })).toEqual([])
    expect(await activity.find('theirs', '1')).toBeUndefined()
    expect(await activity.find('mine', '1')).toMatchObject({ id: 'mine', durationMs: 1.23 })
  })

  it('keeps a bounded number of a flood, with room for errors, and counts all of it', async () => {
    const activity = openActivity()
    for (let i = 0; i < 5000; i++) activity.record(served(String(i)))
    activity.record(served('error', { status: 500, errorCode: 'InternalError' }))
    expect(await ids(activity)).toHaveLength(101)
    expect(await ids(activity, { status: 'errors' })).toEqual(['error'])
    const sum = (await activity.traffic('1')).reduce((total, { requests }) => total + requests, 0)
    expect(sum).toBe(5001)
  })

  it('finds by bucket, operation and class of status', async () => {
    const activity = openActivity()
    activity.record(served('a', { bucketName: 'other' }))
    activity.record(served('b', { operation: 'PutObject' }))
    activity.record(served('c', { status: 304 }))
    expect(await ids(activity, { bucket: 'other' })).toEqual(['a'])
    expect(await ids(activity, { operation: 'putobject' })).toEqual(['b'])
    expect(await ids(activity, { status: '3xx' })).toEqual(['c'])
    expect(await ids(activity, { principal: 'someone' })).toEqual([])
  })
})

describe('masking', () => {
  it('leaves no header that lets anybody in', () => {
    const secrets = [
      'Authorization',
      'X-Amz-Security-Token',
      'X-Access-Key',
      'X-Secret-Key',
      'Cookie',
      'Proxy-Authorization',
      'X-Amz-Server-Side-Encryption-Customer-Key',
      'x-amz-copy-source-server-side-encryption-customer-key',
      'x-amz-server-side-encryption-customer-key-MD5',
    ]
    const masked = maskHeaders([...secrets.flatMap((name) => [name, 'hush']), 'Range', 'bytes=0-1'])
    expect(JSON.stringify(masked)).not.toContain('hush')
    expect(masked.at(-1)).toEqual(['Range', 'bytes=0-1'])
    expect(maskHeaders(['Referer', 'http://h/b/k?X-Amz-Signature=hush'])[0]?.[1]).not.toContain('hush')
  })

  it('leaves no parameter that does, however its name is written', () => {
    for (const name of [
      'X-Amz-Signature',
      'X-Amz-Security-Token',
      'Signature',
      'X-Amz-Signatur%65',
      'Password',
      'x-amz-server-side-encryption-customer-key',
      'x-amz-server-side-encryption-customer-key-md5',
    ]) {
      expect(maskTarget(`/b/k?a=1&${name}=hush&b`)).toBe(`/b/k?a=1&${name}=${mask}&b`)
    }
    expect(maskTarget('/b?continuation-token=next&%E0%A4%A=1')).toBe('/b?continuation-token=next&%E0%A4%A=1')
  })

  it('leaves no secret in a form, and of each field the beginning', () => {
    const secrets = [
      'Password',
      'NewPassword',
      'OldPassword',
      'SecretAccessKey',
      'WebIdentityToken',
      'SAMLAssertion',
      'SessionToken',
      'Passwor%64',
    ]
    const masked = maskForm(
      Buffer.from(`Action=A&${secrets.map((name) => `${name}=hush`).join('&')}&PasswordResetRequired=true`),
    )
    expect(JSON.stringify(masked)).not.toContain('hush')
    expect(masked.at(0)).toEqual(['Action', 'A'])
    expect(masked.at(-1)).toEqual(['PasswordResetRequired', 'true'])
    const long = maskForm(Buffer.from(`PolicyDocument=${'x'.repeat(100_000)}&${'a=b&'.repeat(5000)}`))
    expect(JSON.stringify(long).length).toBeLessThan(20_000)
    expect(long[0]?.[1].endsWith('…')).toBe(true)
  })

  it('bounds what is kept', () => {
    expect(maskTarget(`/${'x'.repeat(100_000)}`).length).toBeLessThan(3000)
    const many = Array.from({ length: 1000 }, () => ['name', 'v'.repeat(10_000)]).flat()
    expect(JSON.stringify(maskHeaders(many)).length).toBeLessThan(64 * 1024)
  })
})

describe('traffic', () => {
  it('adds up over processes, and forgets what is older than an hour', async () => {
    const engine = openMemoryEngine()
    const amount = { requests: 1, errors: 0, bytesIn: 2, bytesOut: 3 }
    for (const traffic of [new Traffic(systemClock), new Traffic(systemClock)]) {
      traffic.count('1', amount)
      traffic.count('1', { ...amount, errors: 1 })
      const add = traffic.take()
      await transact(engine, async (transaction) => add(transaction))
    }
    const now = Date.now()
    const hour = await readTraffic(engine, '1', now)
    expect(hour).toHaveLength(120)
    expect(hour.find(({ requests }) => requests > 0)).toMatchObject({
      requests: 4,
      errors: 2,
      bytesIn: 8,
      bytesOut: 12,
    })
    expect((await readTraffic(engine, '2', now)).every(({ requests }) => requests === 0)).toBe(true)
    await new Traffic(systemClock).prune(engine, now + 122 * stretchMs)
    expect((await readTraffic(engine, '1', now)).every(({ requests }) => requests === 0)).toBe(true)
  })
})
