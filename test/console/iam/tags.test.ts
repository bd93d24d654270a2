import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/iam/users', { name: 'grace' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const stored = () => readFileSync(join(site.root, '.myfsio.sys/config/iam.json'), 'utf8')
const limited = (action: string, condition: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['iam:Get*', action], Resource: '*' },
      { Effect: 'Deny', Action: action, Resource: '*', Condition: condition },
    ],
  })

describe('tags', () => {
  it('are put on users and roles, replaced and removed', async () => {
    expect((await admin.post('/ui/iam/users/grace/tags', { key: 'team', value: 'storage' })).status).toBe(303)
    await admin.post('/ui/iam/users/grace/tags', { key: 'Team', value: 'network' })
    const page = (await admin.get('/ui/iam/users/grace')).text
    expect(page).toContain('<strong>Team</strong> <span class="soft">network</span>')
    expect(page).not.toContain('storage')
    await admin.post('/ui/iam/users/grace/tags/remove', { key: 'Team' })
    expect(stored()).not.toContain('network')
    expect((await admin.post('/ui/iam/groups', { name: 'team' })).status).toBe(303)
    expect((await admin.post('/ui/iam/groups/team/tags', { key: 'a', value: 'b' })).status).toBe(404)
    expect((await admin.post('/ui/iam/users/nobody/tags', { key: 'a', value: 'b' })).status).toBe(404)
  })

  it('that cannot be are refused, and shown as they were typed', async () => {
    for (const [key, value] of [
      ['', 'x'],
      ['<img src=x onerror=1>', ''],
      ['a', '<img src=x onerror=1>'],
      ['aws:mine', 'x'],
      ['k'.repeat(129), ''],
    ] as const) {
      const answer = await admin.post('/ui/iam/users/grace/tags', { key, value })
      expect([key, answer.status]).toEqual([key, 400])
      expect(answer.text).not.toContain('<img src=x')
    }
    for (let count = 0; count < 50; count++) await admin.post('/ui/iam/users/grace/tags', { key: `t${count}` })
    expect((await admin.post('/ui/iam/users/grace/tags', { key: 'more' })).status).toBe(409)
  })

  it('are asked for by conditions, as in the API', async () => {
    const made = await admin.post('/ui/iam/users', { name: 'alan' }).then(() => admin.follow('/ui/iam/users/alan/keys'))
    const secret = /data-secret>([^<]+)</.exec(made.text)?.[1] ?? ''
    const alan = site.visitor()
    await alan.signIn(/<code>(AKIA[A-Z2-7]{16})</.exec(made.text)?.[1] ?? '', secret)
    const allow = (document: string) => admin.post('/ui/iam/users/alan/inline', { policyName: 'p', document })
    const tag = (key: string) => alan.post('/ui/iam/users/grace/tags', { key, value: 'x' })
    await allow(limited('iam:TagUser', { StringEquals: { 'aws:TagKeys': 't1' } }))
    expect((await tag('t1')).status).toBe(403)
    expect((await tag('t2')).status).toBe(303)
    await allow(limited('iam:TagUser', { StringEquals: { 'aws:ResourceTag/t2': 'x' } }))
    expect((await tag('t3')).status).toBe(403)
    await admin.post('/ui/iam/users/grace/tags/remove', { key: 't2' })
    expect((await tag('t3')).status).toBe(303)
    expect((await alan.post('/ui/iam/users/grace/tags/remove', { key: 't3' })).status).toBe(403)
  })
})

describe('iam.json', () => {
  it('is shown without secrets to administrators of the first account alone', async () => {
    await admin.post('/ui/iam/users/grace/password', { password: 'correct horse' })
    const page = await admin.get('/ui/iam/document')
    expect(page.status).toBe(200)
    expect(page.text).toContain('&#34;name&#34;: &#34;grace&#34;')
    expect(page.text).toContain('&#34;secret&#34;: &#34;••••••••&#34;')
    for (const hidden of ['admin-secret', 'other-secret', 'argon2id', 'sealed']) expect(page.text).not.toContain(hidden)
    for (const [, secret = ''] of stored().matchAll(/"(?:secret|passwordHash)": "([^"]+)"/g)) {
      expect(page.text).not.toContain(secret)
    }
    expect((await admin.get('/ui/iam')).text).toContain('href="/ui/iam/document"')
    const other = await site.signIn('other')
    expect((await other.get('/ui/iam/document')).status).toBe(403)
    expect((await other.get('/ui/iam')).text).not.toContain('href="/ui/iam/document"')
    expect((await (await site.signIn('reader')).get('/ui/iam/document')).status).toBe(403)
  })
})
