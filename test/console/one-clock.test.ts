/** What pages show and make goes by the clock of the services, which is ten days behind the system's here. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ManualClock } from '../support/manual-clock.ts'
import { startTestConsole, type TestConsole, type Visitor } from './start-console.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const tenDaysMs = 240 * hourMs

let clock: ManualClock
let site: TestConsole
let admin: Visitor

beforeEach(async () => {
  clock = new ManualClock(Math.floor(Date.now() / minuteMs) * minuteMs - tenDaysMs)
  site = await startTestConsole({ METADATA_ENGINE: 'memory' }, { clock })
  admin = await site.signIn()
})
afterEach(() => site.close())

it('a key can be made to expire in the future, and is shown as expired after that', async () => {
  await admin.post('/ui/iam/users', { name: 'hedy' })
  const made = await admin.follow('/ui/iam/users/hedy/keys')
  const id = /<code>(AKIA[A-Z2-7]{16})<\/code>/.exec(made.text)?.[1] ?? ''
  const expires = new Date(clock.nowMs() + hourMs).toISOString().slice(0, 16)
  expect((await admin.post(`/ui/iam/users/hedy/keys/${id}/expiry`, { expires })).status).toBe(303)
  const isExpired = async () => (await admin.get('/ui/iam/users/hedy')).text.includes('>Expired<')
  expect(await isExpired()).toBe(false)
  clock.jump(hourMs)
  expect(await isExpired()).toBe(true)
  const past = await admin.post(`/ui/iam/users/hedy/keys/${id}/expiry`, { expires })
  expect(past.text).toContain('The expiry must be in the future')
})

it('a bucket is created, and a link to an object is signed', async () => {
  await admin.post('/ui/buckets', { name: 'new-bucket' })
  expect((await site.store.getBucket('new-bucket')).createdAtMs).toBe(clock.nowMs())
  const wish = { method: 'PUT', preset: '3600', host: 'http://files.example:9000' }
  const { text } = await admin.post('/ui/buckets/new-bucket/presign?key=key', wish)
  const url = new URL(/data-copy="(http[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '')
  const now = new Date(clock.nowMs()).toISOString()
  expect(url.searchParams.get('X-Amz-Date')).toBe(now.replace(/[-:]|\.\d{3}/g, ''))
})
