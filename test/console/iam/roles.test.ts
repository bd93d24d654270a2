import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const trusting = (AWS: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
  })
const account = 'arn:aws:iam::000000000000:root'
const ada = 'arn:aws:iam::000000000000:user/Ada'
const create = (more: object) =>
  admin.post('/ui/iam/roles', { name: 'deployer', minutes: '60', trust: trusting(account), ...more })

describe('roles', () => {
  it('are made from a template, changed and deleted', async () => {
    const list = await admin.get('/ui/iam/roles')
    expect(list.text).toContain('<optgroup label="User">')
    expect(list.text).toContain('&#34;arn:aws:iam::000000000000:user/Ada&#34;')
    expect((await create({ description: 'Puts releases in place', minutes: '90' })).headers.location).toBe(
      '/ui/iam/roles/deployer',
    )
    expect((await admin.get('/ui/iam/roles')).text).toContain('Puts releases in place')
    expect((await admin.post('/ui/iam/roles/deployer/trust', { trust: trusting(ada) })).status).toBe(303)
    expect((await admin.post('/ui/iam/roles/deployer/session', { minutes: '720', description: '' })).status).toBe(303)
    const policy = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
    await admin.post('/ui/iam/roles/deployer/attach', { policy })
    const page = (await admin.get('/ui/iam/roles/deployer')).text
    expect(page).toContain('value="720"')
    expect(page).toContain('user/Ada')
    expect(page).toContain('>AmazonS3ReadOnlyAccess</a>')
    await admin.post('/ui/iam/roles/deployer/detach', { policy })
    await admin.post('/ui/iam/roles/deployer/delete')
    expect((await admin.get('/ui/iam/roles/deployer')).status).toBe(404)
  })

  it('are refused, with what was typed, where they make no sense', async () => {
    await create({})
    expect((await create({})).status).toBe(409)
    for (const [more, says] of [
      [{ name: '<img src=x onerror=1>' }, 'A name has up to 64'],
      [{ trust: 'nothing' }, '>nothing<'],
      [{ trust: trusting('arn:aws:iam::000000000000:user/nobody') }, 'user/nobody'],
      [{ trust: trusting(account).replace('sts:AssumeRole', 'sts:Assume') }, 'sts:Assume'],
      [{ minutes: '59' }, 'from 60 to 720 minutes'],
      [{ minutes: 'long' }, 'from 60 to 720 minutes'],
      [{ description: 'x'.repeat(1001) }, 'up to 1000 characters'],
    ] as const) {
      const answer = await create({ name: 'other', ...more })
      expect([more, answer.status]).toEqual([more, 400])
      expect(answer.text).toContain(says)
      expect(answer.text).not.toContain('<img src=x')
    }
    const bad = await admin.post('/ui/iam/roles/deployer/trust', { trust: '{"Version": "<img src=x>"}' })
    expect(bad.status).toBe(400)
    expect(bad.text).toContain('&lt;img src=x&gt;')
    expect((await admin.post('/ui/iam/roles/deployer/session', { minutes: '1' })).status).toBe(400)
    expect((await admin.post('/ui/iam/users/Ada/trust', { trust: trusting(ada) })).status).toBe(404)
  })

  it('are changed only by those who may', async () => {
    await create({})
    const reader = await site.signIn('reader')
    for (const [path, fields] of [
      ['roles', { name: 'mine', minutes: '60', trust: trusting(account) }],
      ['roles/deployer/trust', { trust: trusting(account) }],
      ['roles/deployer/session', { minutes: '60' }],
      ['roles/deployer/delete', {}],
    ] as const) {
      expect([path, (await reader.post(`/ui/iam/${path}`, fields)).status]).toEqual([path, 403])
    }
  })
})
