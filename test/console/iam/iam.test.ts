import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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

const policy = (action: string, resource: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] })
const secretIn = (html: string) => /data-secret>([^<]+)</.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
const keyIn = (html: string) => /<code>(AKIA[A-Z2-7]{16})<\/code>/.exec(html)?.[1] ?? ''

describe('users', () => {
  it('are made, get a key whose secret is shown once, and can then sign in', async () => {
    expect((await admin.get('/ui/iam')).text).toMatch(/data-row-link>Ada</)
    const made = await admin.post('/ui/iam/users', { name: 'grace' })
    expect(made.headers.location).toBe('/ui/iam/users/grace')
    const page = await admin.follow('/ui/iam/users/grace/keys')
    const [key, secret] = [keyIn(page.text), secretIn(page.text)]
    expect(secret.length).toBe(40)
    expect((await admin.get('/ui/iam/users/grace')).text).not.toContain(secret)
    expect(readFileSync(join(site.root, '.myfsio.sys/config/iam.json'), 'utf8')).not.toContain(secret)
    const grace = site.visitor()
    expect((await grace.signIn(key, secret)).headers.location).toBe('/ui')
    expect((await grace.get('/ui/iam')).status).toBe(403)
  })

  it('with a bad or a taken name are refused', async () => {
    expect((await admin.post('/ui/iam/users', { name: 'grace' })).status).toBe(409)
    for (const name of ['', 'a b', '<img src=x onerror=1>', 'x'.repeat(65)]) {
      const answer = await admin.post('/ui/iam/users', { name })
      expect([name, answer.status]).toEqual([name, 400])
      expect(answer.text).not.toContain('<img src=x')
    }
    expect((await admin.get('/ui/iam/users/nobody')).status).toBe(404)
    expect((await admin.get('/ui/iam/robots')).status).toBe(404)
  })

  it('sign in with a password, until it is another or none', async () => {
    expect((await admin.post('/ui/iam/users/grace/password', { password: 'short' })).status).toBe(400)
    await admin.post('/ui/iam/users/grace/password', { password: 'correct horse' })
    const grace = site.visitor()
    expect((await grace.signIn('grace', 'correct horse')).headers.location).toBe('/ui')
    expect((await grace.get('/ui')).text).toContain('you signed in without one')
    await admin.post('/ui/iam/users/grace/password', { password: 'battery staple' })
    expect((await grace.get('/ui')).status).toBe(303)
    await admin.post('/ui/iam/users/grace/password/remove')
    expect((await site.visitor().signIn('grace', 'battery staple')).status).toBe(401)
  })

  it('get no password from a key that is limited', async () => {
    await admin.post('/ui/iam/users', { name: 'limiter' })
    const made = await admin.follow('/ui/iam/users/limiter/keys')
    await admin.post('/ui/iam/users/limiter/attach', { policy: 'arn:aws:iam::aws:policy/AdministratorAccess' })
    await site.opened.identities.change('000000000000', ({ users }) => {
      const [key] = users.find(({ name }) => name === 'limiter')?.keys ?? []
      if (key !== undefined) key.policies = [JSON.parse(policy('iam:*', '*'))]
    })
    const limiter = site.visitor()
    await limiter.signIn(keyIn(made.text), secretIn(made.text))
    expect((await limiter.get('/ui/iam/users/limiter')).status).toBe(200)
    for (const name of ['limiter', 'grace']) {
      expect((await limiter.post(`/ui/iam/users/${name}/password`, { password: 'correct horse' })).status).toBe(403)
      expect((await site.visitor().signIn(name, 'correct horse')).status).toBe(401)
    }
  })

  it('lose their sessions when a key is disabled, and keys can be rotated and deleted', async () => {
    await admin.post('/ui/iam/users', { name: 'linus' })
    const first = await admin.follow('/ui/iam/users/linus/keys')
    const linus = site.visitor()
    await linus.signIn(keyIn(first.text), secretIn(first.text))
    expect((await linus.get('/ui')).status).toBe(200)
    await admin.post(`/ui/iam/users/linus/keys/${keyIn(first.text)}/status`, { status: 'Inactive' })
    expect((await linus.get('/ui')).status).toBe(303)
    const second = await admin.follow(`/ui/iam/users/linus/keys/${keyIn(first.text)}/rotate`)
    expect(keyIn(second.text)).not.toBe(keyIn(first.text))
    expect(second.text).toContain(`The old key <code>${keyIn(first.text)}</code> is disabled.`)
    expect((await admin.get('/ui/iam/users/linus')).text).toContain(`<code>${keyIn(first.text)}</code>`)
    expect((await admin.post('/ui/iam/users/linus/keys')).status).toBe(409)
    await admin.post(`/ui/iam/users/linus/keys/${keyIn(second.text)}/delete`)
    expect((await admin.get('/ui/iam/users/linus')).text).not.toContain(keyIn(second.text))
    await admin.post('/ui/iam/users/linus/delete')
    expect((await admin.get('/ui/iam/users/linus')).status).toBe(404)
  })

  it('see the secret of a new key once, and loading the page again makes no other', async () => {
    await admin.post('/ui/iam/users', { name: 'joan' })
    const made = await admin.post('/ui/iam/users/joan/keys')
    const page = String(made.headers.location)
    expect([made.status, page]).toEqual([303, expect.stringMatching(/^\/ui\/iam\/users\/joan\/keys\/AKIA\w+\/new$/)])
    expect((await (await site.signIn()).get(page)).text).toContain('cannot be shown again')
    const first = await admin.get(page)
    expect(secretIn(first.text)).toHaveLength(40)
    const again = await admin.get(page)
    expect([again.status, again.text.includes(secretIn(first.text))]).toEqual([200, false])
    expect(again.text).toContain('cannot be shown again')
    expect((await admin.get('/ui/iam/users/joan')).text.match(/expiry-title-/g)).toHaveLength(2)
    const reader = await site.signIn('reader')
    expect((await reader.get(page)).status).toBe(403)
    await admin.post('/ui/iam/users/joan/delete')
  })

  it('are offered what they may do, and keep what they typed where it is denied', async () => {
    await admin.post('/ui/iam/users', { name: 'ida' })
    const key = await admin.follow('/ui/iam/users/ida/keys')
    const Statement = [{ Effect: 'Allow', Action: ['iam:GetUser', 'iam:ListUsers'], Resource: '*' }]
    const document = JSON.stringify({ Version: '2012-10-17', Statement })
    await admin.post('/ui/iam/users/ida/inline', { policyName: 'look', document })
    const ida = site.visitor()
    await ida.signIn(keyIn(key.text), secretIn(key.text))
    const page = (await ida.get('/ui/iam/users/ida')).text
    for (const action of ['keys', 'attach', 'inline', 'groups/join', 'password', 'tags', 'boundary', 'delete']) {
      expect([action, page.includes(`/ui/iam/users/ida/${action}"`)]).toEqual([action, false])
    }
    expect(page).not.toMatch(/\/(rotate|expiry|status)"|\/ui\/iam\/(groups|roles|policies)"/)
    const list = (await ida.get('/ui/iam')).text
    expect(list).not.toContain('Create user')
    const buckets = (await ida.get('/ui/buckets')).text
    expect(buckets).not.toContain('Create bucket')
    const typed = await ida.post('/ui/iam/users/ida/inline', {
      policyName: 'more',
      document,
    })
    expect(typed.status).toBe(403)
    const denied = await ida.post('/ui/iam/users/ida/tags', { key: 'team', value: 'blue' })
    expect([denied.status, denied.text.includes('iam:TagUser')]).toEqual([403, true])
    const bucket = await ida.post('/ui/buckets', { name: 'typed-name' })
    expect([bucket.status, bucket.text.includes('value="typed-name"')]).toEqual([403, true])
    const reader = (await (await site.signIn('reader')).get('/ui')).text
    expect(reader).not.toContain('/ui/iam')
    await admin.post('/ui/iam/users/ida/delete')
  })

  it('have keys that can be made to expire, and to expire no more', async () => {
    const made = await admin.post('/ui/iam/users', { name: 'hedy' }).then(() => admin.follow('/ui/iam/users/hedy/keys'))
    const id = keyIn(made.text)
    const expiry = (fields: Record<string, string>) => admin.post(`/ui/iam/users/hedy/keys/${id}/expiry`, fields)
    const stored = () => readFileSync(join(site.root, '.myfsio.sys/config/iam.json'), 'utf8')
    expect((await expiry({ expires: '2099-01-02T03:04' })).status).toBe(303)
    expect(stored()).toContain('"expiresAt": "2099-01-02T03:04:00.000Z"')
    expect((await admin.get('/ui/iam/users/hedy')).text).toContain('value="2099-01-02T03:04"')
    for (const expires of ['', 'soon', '2001-01-01T00:00', '2099-13-01T00:00', '<img src=x>']) {
      const answer = await expiry({ expires })
      expect([expires, answer.status]).toEqual([expires, 400])
      expect(answer.text).not.toContain('<img src=x')
    }
    const hedy = site.visitor()
    await admin.post('/ui/iam/users/hedy/attach', { policy: 'arn:aws:iam::aws:policy/IAMFullAccess' })
    await hedy.signIn(id, secretIn(made.text))
    const longer = await hedy.post(`/ui/iam/users/hedy/keys/${id}/expiry`, { expires: '2099-01-03T00:00' })
    expect(longer.text).toContain('no other key may last longer')
    expect((await hedy.post(`/ui/iam/users/hedy/keys/${id}/expiry`, { never: '1' })).status).toBe(400)
    expect((await expiry({ never: '1' })).status).toBe(303)
    expect(stored()).not.toContain('expiresAt')
    const reader = await site.signIn('reader')
    expect((await reader.post(`/ui/iam/users/hedy/keys/${id}/expiry`, { never: '1' })).status).toBe(403)
    expect((await admin.post('/ui/iam/users/hedy/keys/AKIANOBODY/expiry', { never: '1' })).status).toBe(404)
    await admin.post('/ui/iam/users/hedy/delete')
  })

  it('are never changed by those without the right to it', async () => {
    const reader = await site.signIn('reader')
    for (const [path, fields] of [
      ['users', { name: 'mallory' }],
      ['users/grace/keys', {}],
      ['users/grace/password', { password: 'mallorys password' }],
      ['users/grace/attach', { policy: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
      ['users/grace/inline', { policyName: 'p', document: policy('*', '*') }],
      ['users/grace/delete', {}],
      ['policies', { name: 'p', document: policy('*', '*') }],
    ] as const) {
      expect([path, (await reader.post(`/ui/iam/${path}`, fields)).status]).toEqual([path, 403])
    }
    const other = await site.signIn('other')
    expect((await other.get('/ui/iam/users/grace')).status).toBe(404)
  })

  it('cannot take away the last way in', async () => {
    const answer = await admin.post('/ui/iam/users/Ada/delete')
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('The account could no longer be administered.')
  })
})

describe('policies', () => {
  it('are attached, written inline, and each is refused if it is none', async () => {
    await admin.post('/ui/iam/users/grace/attach', { policy: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' })
    expect((await admin.get('/ui/iam/users/grace')).text).toContain('>AmazonS3ReadOnlyAccess</a>')
    await admin.post('/ui/iam/users/grace/detach', { policy: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' })
    const saved = await admin.post('/ui/iam/users/grace/inline', {
      policyName: 'list',
      document: policy('s3:ListAllMyBuckets', '*'),
    })
    expect(saved.status).toBe(303)
    const bad = await admin.post('/ui/iam/users/grace/inline', {
      policyName: 'bad',
      document: '{"Version": "2012-10-17"}',
    })
    expect(bad.status).toBe(400)
    expect(bad.text).toContain('{&#34;Version&#34;: &#34;2012-10-17&#34;}')
    await admin.post('/ui/iam/users/grace/inline/delete', { policyName: 'list' })
    expect((await admin.post('/ui/iam/users/grace/inline/delete', { policyName: 'list' })).status).toBe(404)
  })

  it('of the account are made, changed in versions, and deleted once nobody holds them', async () => {
    const made = await admin.post('/ui/iam/policies', { name: 'readers', document: policy('s3:GetObject', '*') })
    const href = made.headers.location ?? ''
    expect(decodeURIComponent(href)).toBe('/ui/iam/policy?arn=arn:aws:iam::000000000000:policy/readers')
    for (let count = 0; count < 6; count++) await admin.post(href, { document: policy('s3:Get*', '*') })
    expect((await admin.get(href)).text).toContain('version v7')
    expect((await admin.post(href, { document: 'nothing' })).status).toBe(400)
    const arn = 'arn:aws:iam::000000000000:policy/readers'
    await admin.post('/ui/iam/users/grace/attach', { policy: arn })
    const remove = () => admin.post(`/ui/iam/policy/delete?arn=${encodeURIComponent(arn)}`)
    expect((await remove()).status).toBe(409)
    await admin.post('/ui/iam/users/grace/detach', { policy: arn })
    expect((await remove()).headers.location).toBe('/ui/iam/policies')
    const aws = '/ui/iam/policy?arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAdministratorAccess'
    expect((await admin.get(aws)).text).toContain('readonly')
    expect((await admin.post(aws, { document: policy('*', '*') })).status).toBe(403)
  })
})

describe('groups', () => {
  it('are joined and left, and grant what they hold', async () => {
    await admin.post('/ui/iam/groups', { name: 'team' })
    await admin.post('/ui/iam/groups/team/attach', { policy: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' })
    const page = await admin.follow('/ui/iam/users/grace/keys')
    const grace = site.visitor()
    await grace.signIn(keyIn(page.text), secretIn(page.text))
    expect((await grace.get('/ui/iam')).status).toBe(403)
    await admin.post('/ui/iam/users/grace/groups/join', { group: 'team' })
    expect((await grace.get('/ui/iam')).status).toBe(200)
    expect((await admin.get('/ui/iam/groups/team')).text).toContain('>grace</a>')
    await admin.post('/ui/iam/users/grace/groups/leave', { group: 'team' })
    expect((await grace.get('/ui/iam')).status).toBe(403)
    expect((await admin.post('/ui/iam/users/grace/groups/join', { group: 'nobody' })).status).toBe(404)
  })
})

describe('a denial', () => {
  it('leads to the statement that would have allowed it, ready to be put in force', async () => {
    await admin.post('/ui/buckets', { name: 'plans' })
    const page = await admin.post('/ui/iam/users', { name: 'alan' }).then(() => admin.follow('/ui/iam/users/alan/keys'))
    const alan = site.visitor()
    await alan.signIn(keyIn(page.text), secretIn(page.text))
    expect((await alan.get('/ui/buckets/plans')).status).toBe(403)
    const denials = await admin.get('/ui/denials?user=alan')
    const mend = /href="(\/ui\/iam\/users\/alan\?draft=[^"]+)"/.exec(denials.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const form = await admin.get(mend.replace(/#.*/, ''))
    expect(form.text).toContain('&#34;Action&#34;: &#34;s3:ListBucket&#34;')
    const draft = new URL(mend, site.url).searchParams.get('draft') ?? ''
    await admin.post('/ui/iam/users/alan/inline', { policyName: 'plans', document: draft })
    expect((await alan.get('/ui/buckets/plans')).status).toBe(200)
  })
})
