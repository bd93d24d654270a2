import { openSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bucketVisits } from '../bucket-visits.ts'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
const { at, put } = bucketVisits('open', () => admin)

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'open' })
})
afterAll(() => site.close())

/** Like a disk error: only the bytes change. */
function damage(key: string): void {
  const path = join(site.root, 'open', key)
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes[50] = (bytes[50] ?? 0) ^ 1
  writeFileSync(openSync(path, 'r+'), bytes)
  utimesSync(path, atime, mtime)
}

it('shows no bytes of an object that a disk has damaged, and says so', async () => {
  for (const [key, size] of [
    ['small.txt', 1000],
    ['large.txt', 200_000],
  ] as const) {
    await put(key, 'x'.repeat(size))
    // A whole number of milliseconds, which can be set again.
    utimesSync(join(site.root, 'open', key), new Date(1_700_000_000_000), new Date(1_700_000_000_000))
    expect((await admin.get(at('object', key))).text).toContain('xxxx')
    damage(key)
    const page = await admin.get(at('object', key))
    expect([key, page.status]).toEqual([key, 200])
    expect(page.text).toContain('are not those that were stored')
    expect(page.text).not.toContain('xxxx')
    const content = await admin.get(at('content', key, '&download=1'))
    expect([key, content.status]).toEqual([key, 500])
    expect(content.text).toContain('are not those that were stored')
  }
  expect(site.errors).toMatchObject([{ key: 'small.txt' }, { key: 'large.txt' }])
})
