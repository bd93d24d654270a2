import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../start-console.ts'

let site: TestConsole

beforeAll(async () => {
  site = await startTestConsole()
})
afterAll(async () => {
  expect(site.errors).toEqual([])
  await site.close()
})

describe('denials', () => {
  it('are explained to administrators, with the statement that would have allowed it', async () => {
    const [admin, reader] = [await site.signIn(), await site.signIn('reader')]
    expect((await admin.get('/ui/denials')).text).toContain('No denials')
    await admin.post('/ui/buckets', { name: 'open' })
    expect((await reader.post('/ui/buckets/open/folders', { prefix: '', name: '<img src=x>' })).status).toBe(403)
    const { text } = await admin.get('/ui/denials')
    expect(text).toContain('s3:PutObject')
    expect(text).toContain('&#34;Resource&#34;: &#34;arn:aws:s3:::open/&lt;img src=x&gt;/&#34;')
    expect(text).not.toContain('<img src=x>')
    expect((await admin.get('/ui')).text).toContain('<span class="break">s3:PutObject</span>')
    expect((await admin.get('/ui/denials?bucket=other')).text).toContain('No denials')
    expect((await admin.get('/ui/denials?user=reader')).text).toContain('s3:PutObject')
  })

  it('of a role lead to the role', async () => {
    const requester = {
      type: 'assumed-role',
      arn: 'arn:aws:sts::000000000000:assumed-role/guest/me',
      account: '000000000000',
    }
    const request = { action: 's3:GetObject', resource: 'arn:aws:s3:::open/a', resourceAccount: '000000000000' }
    site.opened.access.journal.record(() => ({
      outcome: 'Deny',
      code: 'AccessDenied',
      message: 'no',
      requester: { ...requester, type: 'assumed-role', accessKeyId: 'ASIA' },
      sourceAddress: undefined,
      request,
      decision: {
        outcome: 'Deny',
        reason: 'implicit-deny',
        policyType: 'identity-based',
        policy: undefined,
        sid: undefined,
      },
    }))
    const { text } = await (await site.signIn()).get('/ui/denials')
    expect(text).toMatch(/href="\/ui\/iam\/roles\/guest\?draft=[^"]+#inline">Add it to guest</)
  })

  it('are not for everybody, nor for other accounts', async () => {
    const reader = await site.signIn('reader')
    expect((await reader.get('/ui/denials')).status).toBe(403)
    expect((await reader.get('/ui')).text).not.toContain('/ui/denials')
    const other = await site.signIn('other')
    expect((await other.get('/ui/denials')).text).toContain('No denials')
  })
})
