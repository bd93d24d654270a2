import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole, type Visitor } from '../start-console.ts'

let site: TestConsole
let admin: Visitor
const page = '/ui/buckets/open/readers?key=a.txt'

beforeAll(async () => {
  site = await startTestConsole()
  admin = await site.signIn()
  await admin.post('/ui/buckets', { name: 'open' })
  const put = admin.agent.put('/ui/buckets/open/upload?key=a.txt').set('x-csrf-token', admin.token())
  expect((await put.type('text').send('a')).status).toBeLessThan(300)
  await admin.post('/ui/iam/users', { name: 'grace' })
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

const answers = (html: string) =>
  Object.fromEntries(
    [...html.matchAll(/<\/svg> (Allowed|Denied)<\/span> <strong class="break">([^<]+)</g)].map(([, outcome, who]) => [
      who,
      outcome,
    ]),
  )

describe('who can read an object', () => {
  it('is told of every user, every role and everybody else, with what decided', async () => {
    expect((await admin.get('/ui/buckets/open/object?key=a.txt')).text).toContain('/ui/buckets/open/readers?key=a.txt')
    const before = await admin.get(page)
    expect(answers(before.text)).toEqual({ Ada: 'Allowed', Rea: 'Allowed', grace: 'Denied', Everybody: 'Denied' })
    expect(before.text).toContain('No policy allows s3:GetObject.')
    const statements = [
      { Sid: 'All', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::open/*' },
      {
        Sid: 'NotRea',
        Effect: 'Deny',
        Principal: { AWS: 'arn:aws:iam::000000000000:user/Rea' },
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::open/*',
      },
    ]
    await site.policies.put('open', JSON.stringify({ Version: '2012-10-17', Statement: statements }))
    const after = await admin.get(page)
    expect(answers(after.text)).toEqual({ Ada: 'Allowed', Rea: 'Denied', grace: 'Allowed', Everybody: 'Allowed' })
    expect(after.text).toContain('Denied by the statement NotRea of the bucket policy.')
    expect(after.text).toContain('Allowed by the statement All of the bucket policy.')
  })

  it('is told only to those who may ask about everybody', async () => {
    await site.policies.remove('open')
    const reader = await site.signIn('reader')
    expect((await reader.get('/ui/buckets/open/object?key=a.txt')).text).not.toContain('/readers?')
    expect((await reader.get(page)).status).toBe(403)
    expect((await (await site.signIn('other')).get(page)).status).toBe(403)
  })

  it('of another account does not tell what its policies say', async () => {
    const statement = {
      Sid: 'Hidden',
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:*',
      Resource: 'arn:aws:s3:::open/*',
    }
    await site.policies.put('open', JSON.stringify({ Version: '2012-10-17', Statement: [statement] }))
    const answer = await (await site.signIn('other')).get(page)
    expect(answers(answer.text)).toEqual({ Otto: 'Allowed', Everybody: 'Allowed' })
    expect(answer.text).not.toContain('Hidden')
    expect(answer.text).not.toContain('Ada')
  })

  it('is nothing to tell where there is no object', async () => {
    expect((await admin.get('/ui/buckets/open/readers?key=absent')).status).toBe(404)
    expect((await admin.get('/ui/buckets/open/readers')).status).toBe(404)
    expect((await admin.get('/ui/buckets/absent/readers?key=a')).status).toBe(404)
    const odd = encodeURIComponent('<img src=x onerror=1>')
    const put = admin.agent.put(`/ui/buckets/open/upload?key=${odd}`).set('x-csrf-token', admin.token())
    await put.type('text').send('a')
    const shown = await admin.get(`/ui/buckets/open/readers?key=${odd}`)
    expect(shown.status).toBe(200)
    expect(shown.text).not.toContain('<img src=x')
  })
})
