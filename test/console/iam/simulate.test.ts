import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'plans' })
  await admin.post('/ui/iam/users', { name: 'grace' })
  await admin.post('/ui/iam/groups', { name: 'team' })
  await admin.post('/ui/iam/groups/team/attach', { policy: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' })
  await admin.post('/ui/iam/users/grace/groups/join', { group: 'team' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const ask = (actions: string, resource = '', context = '', who = 'users/grace') =>
  admin.get(`/ui/iam/${who}/access?${new URLSearchParams({ actions, resource, context })}`)
const answers = (html: string) =>
  [...html.matchAll(/<\/svg> (Allowed|Denied)<\/span> <strong>([^<]+)<\/strong>/g)].map(([, outcome, action]) => [
    action,
    outcome,
  ])
const statement = (more: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Resource: '*', ...more }] })

describe('what somebody may do', () => {
  it('is answered with the policies that count and the statement that decided', async () => {
    const page = await ask('s3:GetObject\ns3:PutObject', 'arn:aws:s3:::plans/a')
    expect(answers(page.text)).toEqual([
      ['s3:GetObject', 'Allowed'],
      ['s3:PutObject', 'Denied'],
    ])
    expect(page.text).toContain('through the group <a href="/ui/iam/groups/team">team</a>')
    expect(page.text).toContain('of the policy AmazonS3ReadOnlyAccess.')
    expect(page.text).toContain('No policy allows s3:PutObject.')
    expect(answers((await ask('s3:PutObject', '*', '', 'groups/team')).text)).toEqual([['s3:PutObject', 'Denied']])
  })

  it('depends on the keys that conditions find', async () => {
    const document = statement({
      Sid: 'OnlyHome',
      Action: 's3:GetObject',
      Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    })
    await admin.post('/ui/iam/users/grace/inline', { policyName: 'home', document })
    const resource = 'arn:aws:s3:::plans/a'
    expect(answers((await ask('s3:GetObject', resource, 'aws:SourceIp = 10.1.1.1')).text)[0]?.[1]).toBe('Allowed')
    const away = await ask('s3:GetObject', resource, 'aws:SourceIp = 192.0.2.1')
    expect(answers(away.text)[0]?.[1]).toBe('Denied')
    expect(away.text).toContain('Denied by the statement OnlyHome of the policy home.')
  })

  it('counts the policy of the bucket, and wildcards mean what acts on such a thing', async () => {
    const everything = answers((await ask('s3:*', 'arn:aws:s3:::plans')).text)
    expect(everything).toContainEqual(['s3:ListBucket', 'Allowed'])
    expect(everything.map(([action]) => action)).not.toContain('s3:GetObject')
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::plans/*' }],
    })
    await site.policies.put('plans', document)
    const put = await ask('s3:PutObject', 'arn:aws:s3:::plans/a')
    expect(answers(put.text)).toEqual([['s3:PutObject', 'Allowed']])
    expect(put.text).toContain('of the bucket policy.')
  })

  it('is less with a key that has limits of its own', async () => {
    const limits = JSON.parse(statement({ Effect: 'Allow', Action: 's3:ListBucket' }))
    const key = { id: 'AKIALIMITED', secret: 'a-secret', status: 'Active', createdAt: '2026-01-01T00:00:00Z' } as const
    await site.opened.services.accounts.change('000000000000', (account) => {
      account.users.find(({ name }) => name === 'grace')?.keys.push({ ...key, policies: [limits] })
    })
    const asked = { actions: 's3:GetObject', resource: 'arn:aws:s3:::plans/b', context: 'aws:SourceIp = 10.1.1.1' }
    const withKey = (id: string) =>
      admin.get(`/ui/iam/users/grace/access?${new URLSearchParams({ ...asked, key: id })}`)
    expect(answers((await withKey('')).text)).toEqual([['s3:GetObject', 'Allowed']])
    const limited = await withKey('AKIALIMITED')
    expect(limited.text).toContain('<option value="AKIALIMITED" selected>')
    expect(answers(limited.text)).toEqual([['s3:GetObject', 'Denied']])
    expect(limited.text).toContain('The session policy does not allow s3:GetObject')
    expect((await withKey('AKIANOBODY')).status).toBe(404)
  })

  it('is not answered where the question makes no sense', async () => {
    for (const [actions, resource, context] of [
      ['', '', ''],
      ['<img src=x onerror=1>', '', ''],
      ['s3:NoSuchThing', '', ''],
      ['s3:GetObject', 'plans/a', ''],
      ['s3:GetObject', '*', 'nonsense'],
      ['a:b '.repeat(100), '*', ''],
    ] as const) {
      const answer = await ask(actions, resource, context)
      expect([actions, answer.status]).toEqual([actions, 400])
      expect(answer.text).not.toContain('<img src=x')
    }
    expect((await admin.get('/ui/iam/users/nobody/access')).status).toBe(404)
    expect((await admin.get('/ui/iam/robots/x/access')).status).toBe(404)
  })

  it('is for those who may simulate', async () => {
    const reader = await site.signIn('reader')
    expect((await reader.get('/ui/iam/users/grace/access')).status).toBe(403)
    const other = await site.signIn('other')
    expect((await other.get('/ui/iam/users/grace/access')).status).toBe(404)
  })
})
