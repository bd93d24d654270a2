/** Every page is accessible, in light and dark, wide and narrow, is small, and does not jump. */
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeProblems, hasBrowser, layoutShiftMax, says, signIn } from './visit/browser.ts'
import { layoutShift } from './visit/in-page.js'
import { type Site, startSite } from './visit/site.ts'

const payload = '<img src=x onerror=alert(1)>'

const pages = [
  '',
  '/buckets',
  '/buckets/open',
  '/buckets/open/object?key=a.json',
  '/buckets/open/readers?key=a.json',
  '/buckets/open/settings',
  '/buckets/open/presign?key=a.json',
  '/buckets/open/metadata?key=a.json',
  '/buckets/open/encryption',
  '/buckets/open/cors?origin=https://a.example&method=PUT&headers=content-type',
  '/buckets/open/website?path=/docs/',
  '/buckets/open/quota',
  '/buckets/open/lock',
  '/buckets/vault/lock',
  '/buckets/vault/settings',
  '/buckets/vault/object?key=kept.txt',
  '/buckets/vault/object-lock?key=kept.txt',
  '/buckets/open/tags',
  '/buckets/open/object-tags?key=a.json',
  '/buckets/open/annotation?key=a.json',
  '/buckets/open/new-folder',
  '/buckets/open/remove',
  '/activity',
  '/denials',
  '/docs',
  '/system',
  '/system/nodes',
  '/iam',
  '/iam/users/Ada',
  '/iam/users/Ada/access?actions=s3:Get*',
  '/iam/groups',
  '/iam/groups/team',
  '/iam/roles',
  '/iam/roles/guest',
  '/iam/policies',
  '/iam/policy?arn=arn:aws:iam::aws:policy/AdministratorAccess',
  '/iam/document',
  '/kms',
  '/nowhere',
]

describe.skipIf(!hasBrowser)('every page', () => {
  let site: Site

  beforeAll(async () => {
    site = await startSite()
    const admin = await site.signIn()
    await admin.post('/ui/buckets', { name: 'open', versioning: 'on' })
    await admin.post('/ui/buckets', { name: 'vault', lock: 'on' })
    await admin.post('/ui/buckets/vault/lock', { do: 'save', mode: 'GOVERNANCE', count: '30', unit: 'days' })
    const kept = admin.agent.put('/ui/buckets/vault/upload?key=kept.txt').set('x-csrf-token', admin.token())
    await kept.type('bin').send('kept')
    for (const key of ['a.json', payload, `${payload}/inner`]) {
      const address = `/ui/buckets/open/upload?key=${encodeURIComponent(key)}`
      await admin.agent.put(address).set('x-csrf-token', admin.token()).type('bin').send('{"a": 1}')
    }
    await admin.post('/ui/iam/groups', { name: 'team' })
    await admin.post('/ui/kms', { alias: `backups/${'long-'.repeat(20)}`, description: payload, region: 'us-east-1' })
    pages.push(`/kms/${site.opened.keys.keyring.keys.keys[0]?.id}`)
    const trust = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'sts:AssumeRole' }
    const document = JSON.stringify({ Version: '2012-10-17', Statement: [trust] })
    await admin.post('/ui/iam/roles', { name: 'guest', minutes: '60', description: payload, trust: document })
    const reader = await site.signIn('reader')
    await reader.agent.get('/ui/buckets/open/settings')
    await reader.post('/ui/buckets/open/delete', { key: payload, confirmed: 'yes' })
    const key = 'a/key/that/is/rather/long/and/has/no/end/'.repeat(3)
    const put = new PutObjectCommand({ Bucket: 'open', Key: key, Body: 'x' })
    await site
      .client('reader', 'reader-secret')
      .send(put)
      .catch(() => undefined)
    const { text } = await admin.get('/ui/activity')
    const request = /href="\/ui(\/activity\/[0-9A-F]+)"/.exec(text)?.[1] ?? ''
    const denial = /href="\/ui(\/denials\?decision=\w+)"/.exec((await admin.get(`/ui${request}`)).text)?.[1] ?? ''
    pages.push(request, denial)
  })
  afterAll(() => site?.close())

  for (const [name, look] of [
    ['wide and light', {}],
    ['on a phone, dark', { isDark: true, width: 390 }],
    ['on a narrow phone, light', { width: 360 }],
  ] as const) {
    it(`is accessible, ${name}; nothing sticks out of it, and nothing jumps`, async () => {
      const page = await site.open(look)
      await page.goto(`${site.url}/ui/sign-in`)
      expect(await axeProblems(page)).toEqual([])
      await signIn(page, site.url)
      for (const path of pages) {
        await page.goto(`${site.url}/ui${path}`)
        expect([path, await page.evaluate(layoutShift)]).toEqual([
          path,
          expect.toSatisfy((shift) => shift < layoutShiftMax),
        ])
        expect([path, await axeProblems(page)]).toEqual([path, []])
        const excess = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect([path, excess]).toEqual([path, 0])
      }
    })
  }

  it('shows names that are markup as text', async () => {
    const page = await site.open()
    await signIn(page, site.url)
    page.on('dialog', () => site.mistakes.push('an alert'))
    for (const path of ['/denials', '/buckets/open']) {
      await page.goto(`${site.url}/ui${path}`)
      await says(page, payload)
    }
    await page.goto(`${site.url}/ui/iam/roles/guest`)
    expect(await page.inputValue('#role-description')).toBe(payload)
    await page.goto(`${site.url}/ui/buckets/open`)
    await page.locator(`input[value="${payload}"]`).check()
    await page.getByRole('button', { name: 'Rename' }).click()
    expect(await page.inputValue('#target')).toBe(payload)
  })

  it('follows the choice of colours, also against the system, from the first paint on', async () => {
    const page = await site.open({ isDark: true })
    await signIn(page, site.url)
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>
    const dark = await background()
    await page.getByRole('button', { name: 'Light' }).click()
    await page.waitForURL(/./)
    await expect.poll(background).not.toBe(dark)
    const light = await background()
    const painted = page.waitForResponse(/\/ui\/docs/)
    await page.goto(`${site.url}/ui/docs`)
    expect(await (await painted).text()).toContain('data-theme="light"')
    expect(await background()).toBe(light)
  })

  it('weighs less than 250 KiB the first time, as it is sent', async () => {
    for (const path of ['/sign-in', '', '/buckets/open', '/iam/users/Ada']) {
      const page = await site.open()
      await signIn(page, site.url)
      const session = await page.context().newCDPSession(page)
      await session.send('Network.enable')
      await session.send('Network.clearBrowserCache')
      let bytes = 0
      session.on('Network.loadingFinished', ({ encodedDataLength }) => {
        bytes += encodedDataLength
      })
      await page.goto(`${site.url}/ui${path}`, { waitUntil: 'networkidle' })
      console.log(`${path || '/'}: ${Math.round(bytes / 1024)} KiB`)
      expect([path, bytes > 10_000 && bytes < 250 * 1024]).toEqual([path, true])
      await page.context().close()
    }
  })

  it('can do without scripts what needs none', async () => {
    const page = await site.open({ hasScripts: false })
    await signIn(page, site.url)
    await page.getByRole('button', { name: 'Create bucket' }).click()
    await page.fill('#bucket-name', 'plain')
    await page.press('#bucket-name', 'Enter')
    await page.getByRole('link', { name: 'New folder' }).click()
    await page.fill('#folder-name', 'shelf')
    await page.press('#folder-name', 'Enter')
    await page.waitForURL(/shelf/)
    await page.goto(`${site.url}/ui/buckets/plain`)
    await page.check('input[value="shelf/"]')
    await page.getByRole('button', { name: 'Delete' }).click()
    await page
      .getByRole('button', { name: 'Cancel' })
      .or(page.getByRole('link', { name: 'Cancel' }))
      .waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await says(page, '1 object deleted')
    await page.goto(`${site.url}/ui/buckets/plain/settings`)
    await page.check('input[value=public-read]')
    await page.getByRole('button', { name: 'Review the change' }).click()
    await page.getByRole('button', { name: 'Apply policy' }).click()
    await says(page, 'Bucket policy applied')
    await page.goto(`${site.url}/ui/iam`)
    await page.getByRole('button', { name: 'Create user' }).click()
    await page.locator('input[name=name]').fill('plain')
    await page.locator('input[name=name]').press('Enter')
    await says(page, 'User plain created')
    await page.getByRole('button', { name: 'Dark' }).click()
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
  })

  it('meets no error, no failed request and no breach of the policy on the way', () => {
    expect(site.mistakes.filter((mistake) => !/404/.test(mistake))).toEqual([])
    expect(site.errors).toEqual([])
  })
})
