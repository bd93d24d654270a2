/** Object Lock in the console: of a bucket, of a version, and the answers about a locked version. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock } from '../../support/manual-clock.ts'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

const dayMs = 86_400_000
const clock = new ManualClock()
let site: TestConsole
let admin: Visitor
const { at, put } = bucketVisits('vault', () => admin)

beforeAll(async () => {
  site = await startTestConsole({}, { clock })
  admin = await site.signIn()
  const made = await admin.follow('/ui/buckets', { name: 'vault', lock: 'on' })
  expect(made.text).toContain('Bucket vault created')
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const bucket = () => site.store.getBucket('vault')
const version = (key: string) => site.store.headObject('vault', key, undefined)
const typed = (atMs: number) => new Date(atMs).toISOString().slice(0, 19)
const lock = (key: string, fields: Record<string, string>) =>
  admin.follow(at('object-lock', key), { do: 'retention', ...fields })
const forDays = (days: number, mode = 'GOVERNANCE') => ({ mode, until: typed(clock.nowMs() + days * dayMs) })

describe('the page of a bucket', () => {
  const page = '/ui/buckets/vault/lock'
  afterEach(() => admin.post(page, { do: 'save', mode: '' }))

  it('says what it does, and that a bucket created with it has it', async () => {
    expect(await bucket()).toMatchObject({ objectLockEnabled: true, versioning: 'Enabled' })
    const { text } = await admin.get(page)
    expect(text).toContain('An object that is uploaded now is not locked, unless its upload says so.')
    const settings = (await admin.get('/ui/buckets/vault/settings')).text
    expect(settings).toContain('Enabled, without default retention')
    expect(settings).not.toContain('Suspend versioning</button>')
  })

  it('shows the effect of a default before it is saved', async () => {
    const form = { mode: 'COMPLIANCE', count: '30', unit: 'days' }
    const preview = await admin.post(page, { ...form, do: 'preview' })
    const until = new Date(Math.ceil((clock.nowMs() + 30 * dayMs) / 1000) * 1000).toUTCString().replace('GMT', 'UTC')
    expect(preview.text).toContain(`An object that is uploaded now is locked until ${until}.`)
    expect(preview.text).toContain('no user can delete the version before')
    expect((await bucket()).defaultRetention).toBeUndefined()
    expect((await admin.follow(page, { ...form, do: 'save' })).text).toContain('Object Lock saved')
    expect((await bucket()).defaultRetention).toEqual({ mode: 'COMPLIANCE', period: { days: 30 } })
  })

  it('saves an event hold for new versions', async () => {
    const form = { mode: 'GOVERNANCE', count: '', unit: 'days', hold: 'on', holdCount: '2', holdUnit: 'years' }
    const saved = await admin.follow(page, { ...form, do: 'save' })
    expect(saved.text).toContain('as long as its event hold is on, and 2 years longer.')
    expect((await bucket()).defaultRetention).toEqual({ mode: 'GOVERNANCE', eventHold: { years: 2 } })
  })

  it.each([
    [{ mode: 'GOVERNANCE' }, 'Enter a period, or an event hold with its duration.'],
    [{ mode: 'GOVERNANCE', count: '0' }, 'Default retention period must be a positive integer value.'],
    [{ mode: 'GOVERNANCE', count: '36501' }, 'Default retention period too large.'],
    [{ mode: 'GOVERNANCE', hold: 'on' }, 'Enter the duration of the event hold.'],
  ])('refuses %j', async (form, problem) => {
    const answer = await admin.post(page, { unit: 'days', ...form, do: 'save' })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(problem)])
    expect((await bucket()).defaultRetention).toBeUndefined()
  })

  it('enables it in a bucket that has versioning, and in no other', async () => {
    await admin.post('/ui/buckets', { name: 'plain' })
    expect((await admin.get('/ui/buckets/plain/lock')).text).toContain('Object Lock needs versioning.')
    const refused = await admin.post('/ui/buckets/plain/lock', { do: 'save', mode: '' })
    expect(refused.status).toBe(400)
    await admin.post('/ui/buckets/plain/versioning', { status: 'Enabled' })
    const enabled = await admin.follow('/ui/buckets/plain/lock', { do: 'save', mode: '' })
    expect(enabled.text).toContain('Object Lock enabled')
    expect(await site.store.getBucket('plain')).toMatchObject({ objectLockEnabled: true })
  })
})

describe('the page of a version', () => {
  it('tells what protects it, and changes that', async () => {
    await put('a.txt', 'bytes')
    expect((await admin.get(at('object', 'a.txt'))).text).toContain('Nothing protects this version.')
    const saved = await lock('a.txt', forDays(3))
    expect(saved.text).toContain('Retention saved')
    expect(saved.text).toContain('It is retained until')
    expect(saved.text).toContain('s3:BypassGovernanceRetention')
    const held = await admin.follow(at('object-lock', 'a.txt'), { do: 'hold ON' })
    expect(held.text).toContain('A legal hold protects it')
    expect((await version('a.txt')).lock).toMatchObject({ retention: { mode: 'GOVERNANCE' }, legalHold: 'ON' })
    const lifted = await admin.follow(at('object-lock', 'a.txt'), { do: 'hold OFF' })
    expect(lifted.text).not.toContain('A legal hold protects it')
  })

  it('leaves a retention as it is that is saved again', async () => {
    await put('same.txt', 'bytes')
    await lock('same.txt', forDays(3))
    const before = (await version('same.txt')).lock
    const { text } = await admin.get(at('object-lock', 'same.txt'))
    const until = /name="until"[^>]* value="([^"]*)"/.exec(text)?.[1] ?? ''
    await lock('same.txt', { mode: 'GOVERNANCE', until })
    expect((await version('same.txt')).lock).toEqual(before)
  })

  it('puts an event hold, and releases it', async () => {
    await put('held.txt', 'bytes')
    const on = { mode: 'COMPLIANCE', until: '', hold: 'on', holdCount: '5', holdUnit: 'days' }
    expect((await lock('held.txt', on)).text).toContain('Its event hold is on: it is retained for 5 days')
    await lock('held.txt', { mode: 'COMPLIANCE', until: '' })
    const { retention } = (await version('held.txt')).lock ?? {}
    expect(retention).toEqual({ mode: 'COMPLIANCE', untilMs: clock.nowMs() + 5 * dayMs })
  })

  it('tells why a retention cannot be shortened, and shortens one past governance', async () => {
    await put('short.txt', 'bytes')
    await lock('short.txt', forDays(9))
    const refused = await admin.post(at('object-lock', 'short.txt'), { do: 'retention', ...forDays(1) })
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('The version is locked until')
    expect((await lock('short.txt', { ...forDays(1), pass: 'on' })).text).toContain('Retention saved')
  })

  it('has no lock in a bucket without Object Lock, and is not for those who may not see it', async () => {
    await admin.post('/ui/buckets', { name: 'open' })
    const other = bucketVisits('open', () => admin)
    await other.put('a.txt', 'bytes')
    expect((await admin.get(other.at('object', 'a.txt'))).text).not.toContain('Object Lock')
    expect((await admin.get(other.at('object-lock', 'a.txt'))).status).toBe(400)
    const reader = await site.signIn('reader')
    expect((await reader.get(at('object-lock', 'a.txt'))).status).toBe(403)
  })
})

describe('a locked version', () => {
  it('answers a deletion with what protects it, and goes past governance if that is asked for', async () => {
    await put('kept.txt', 'bytes')
    await lock('kept.txt', forDays(3))
    const { versionId } = await version('kept.txt')
    const target = at('delete-version', 'kept.txt', `&versionId=${versionId}`)
    const refused = await admin.follow(target)
    expect(refused.text).toContain('Not deleted. The version is locked until')
    expect((await version('kept.txt')).versionId).toBe(versionId)
    expect((await admin.follow(target, { pass: 'on' })).text).toContain('Version deleted')
  })

  it('keeps its bucket from being emptied and deleted', async () => {
    await put('last.txt', 'bytes')
    await lock('last.txt', forDays(3, 'COMPLIANCE'))
    const answer = await admin.post('/ui/buckets/vault/remove', { name: 'vault', empty: 'on' })
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('object protected by object lock')
    expect((await version('last.txt')).lock?.retention?.mode).toBe('COMPLIANCE')
  })
})
