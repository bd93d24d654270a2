/** A visitor keeps control over long work, typed text, and the place in a list. */
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appears, becomes, hasBrowser, layoutShiftMax, says, signIn } from './visit/browser.ts'
import { layoutShift } from './visit/in-page.js'
import { putMany } from './visit/put-many.ts'
import { type Site, startSite } from './visit/site.ts'

const disguised = 'invoice\u202Efdp.exe\ttab\nline'

describe.skipIf(!hasBrowser)('a visitor', () => {
  let site: Site
  let page: Page

  beforeAll(async () => {
    site = await startSite()
    page = await site.open()
    await signIn(page, site.url)
    const admin = await site.signIn()
    for (const name of ['plain', 'kept'])
      await admin.post('/ui/buckets', { name, ...(name === 'kept' && { versioning: 'on' }) })
    const s3 = site.client('admin', 'admin-secret')
    for (const [Bucket, Key, Body] of [
      ['plain', 'notes/a.txt', 'a'],
      ['plain', 'notes/b.txt', 'b'],
      ['plain', disguised, 'x'],
      ['plain', 'data.json', `{"list":[${'1,'.repeat(200)}1],"big":12345678901234567890,"deep":{"er":true}}`],
      ['kept', 'notes/a.txt', 'a'],
      ['kept', 'gone.txt', 'old'],
    ] as const) {
      await s3.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body,
          ContentType: Key.endsWith('json') ? 'application/json' : 'text/plain',
        }),
      )
    }
    await s3.send(new DeleteObjectCommand({ Bucket: 'kept', Key: 'gone.txt' }))
  })
  afterAll(() => site?.close())

  const visit = (path: string) => page.goto(`${site.url}${path}`)
  const count = async () => (await site.store.bucketUsage('plain')).objectCount

  it('stops a deletion with Cancel, and what is left stays', async () => {
    await putMany(site.store, await site.store.getBucket('plain'), 3000)
    await visit('/ui/buckets/plain')
    await page.check('input[value="many/"]')
    await page.keyboard.press('Delete')
    const before = await count()
    // As a server with a slower disk.
    await page.route('**/ui/buckets/plain/delete', async (route) => {
      const answer = await route.fetch()
      await new Promise((resolve) => setTimeout(resolve, 500))
      await route.fulfill({ response: answer })
    })
    const stepped = page.waitForResponse(
      (answer) =>
        /\/delete$/.test(answer.url()) &&
        answer.request().isNavigationRequest() === false &&
        /json/.test(answer.headers()['content-type'] ?? ''),
    )
    await page.locator('dialog[open]').getByRole('button', { name: 'Delete', exact: true }).click()
    await stepped
    await page.locator('dialog [data-closes]').click()
    await says(page, /^Stopped: [\d,]+ objects deleted$/)
    const left = await count()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(before)
    await page.waitForTimeout(1500)
    expect(await count()).toBe(left)
    await page.unroute('**/ui/buckets/plain/delete')
  })

  it('is asked before leaving a page that is at work', async () => {
    await visit('/ui/buckets/plain')
    const slow = async (route: Route) => {
      const isStep = /json/.test(route.request().headers()['content-type'] ?? '')
      if (isStep) await new Promise((resolve) => setTimeout(resolve, 3000))
      await route.continue().catch(() => undefined)
    }
    await page.route('**/ui/buckets/plain/delete', slow)
    await page.check('input[value="many/"]')
    await page.keyboard.press('Delete')
    await page.locator('dialog[open]').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.locator('dialog [data-closes]', { hasText: 'Stop' }).waitFor()
    const asked = new Promise<string>((resolve) => {
      page.once('dialog', (dialog) => {
        resolve(dialog.type())
        void dialog.accept()
      })
    })
    await page.reload()
    expect(await asked).toBe('beforeunload')
    await page.unroute('**/ui/buckets/plain/delete')
  })

  it('is led from a deleted, renamed or moved object to where to go on, and told', async () => {
    await visit('/ui/buckets/plain/object?key=notes/a.txt')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.fill('#target', 'c.txt')
    await page.press('#target', 'Enter')
    await says(page, 'Renamed to c.txt')
    expect(new URL(page.url()).search).toBe('?key=notes/c.txt')
    await page.getByRole('button', { name: 'Move' }).click()
    await page.fill('#target', 'moved')
    await page.press('#target', 'Enter')
    await says(page, '1 object moved')
    expect(new URL(page.url()).search).toBe('?key=moved/c.txt')
    await page.getByRole('button', { name: 'Delete', exact: true }).first().click()
    await page.locator('dialog[open]').getByRole('button', { name: 'Delete', exact: true }).click()
    await says(page, '1 object deleted')
    expect(new URL(page.url()).search).toBe('?prefix=moved/')
    await visit('/ui/buckets/plain?prefix=notes/')
    await page.check('input[value="notes/b.txt"]')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.fill('#target', 'd.txt')
    await page.press('#target', 'Enter')
    await says(page, 'Renamed to d.txt')
    await page.getByRole('link', { name: 'Open', exact: true }).click()
    await page.waitForURL(/key=notes\/d\.txt/)
  })

  it('takes a deletion back where versions are kept', async () => {
    await visit('/ui/buckets/kept/object?key=notes/a.txt')
    await page.getByRole('button', { name: 'Delete', exact: true }).first().click()
    await page.locator('dialog[open]').getByRole('button', { name: 'Delete', exact: true }).click()
    await says(page, '1 object deleted')
    expect((await site.store.findVersion('kept', 'notes/a.txt', undefined))?.isDeleteMarker).toBe(true)
    await page.getByRole('button', { name: 'Undo' }).click()
    await says(page, 'The object is restored')
    await appears(page.getByRole('link', { name: 'a.txt', exact: true }))
    expect((await site.store.headObject('kept', 'notes/a.txt', undefined)).sizeBytes).toBe(1)
  })

  it('sets when an access key expires', async () => {
    const admin = await site.signIn()
    await admin.post('/ui/iam/users', { name: 'grace' })
    await admin.post('/ui/iam/users/grace/keys')
    await visit('/ui/iam/users/grace')
    await page.getByRole('button', { name: 'Expiry' }).first().click()
    await page.locator('dialog[open] input[name=expires]').fill('2099-01-02T03:04')
    await page.locator('dialog[open]').getByRole('button', { name: 'Set' }).click()
    await says(page, 'Access key updated')
    await page.locator('[data-toast-close]').click()
    await page.getByRole('button', { name: 'Expiry' }).first().click()
    await page.locator('dialog[open]').getByRole('button', { name: 'Never' }).click()
    await says(page, 'Access key updated')
  })

  it('signs in again over the page when the session has ended, and keeps what was typed', async () => {
    const text = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
    })
    const endSession = () => page.context().clearCookies({ name: 'myfsio.session' })
    const again = async () => {
      await says(page, 'Your session has ended')
      await page.fill('dialog[open] #name', 'admin')
      await page.fill('dialog[open] #secret', 'wrong')
      await page.press('dialog[open] #secret', 'Enter')
      await says(page, /no such user|secret/)
      await page.fill('dialog[open] #secret', 'admin-secret')
      await page.press('dialog[open] #secret', 'Enter')
    }
    await visit('/ui/iam/policies')
    await page.getByRole('button', { name: 'Create policy' }).click()
    await page.fill('#policy-name', 'typed')
    await page.fill('#policy-document', text)
    await endSession()
    await page.locator('dialog[open]').getByRole('button', { name: 'Create policy' }).click()
    await again()
    await says(page, 'Policy typed created')
    await visit('/ui/buckets/plain/settings')
    await page.check('input[value=public-read]')
    await endSession()
    await page.getByRole('button', { name: 'Review the change' }).click()
    await again()
    await page.getByRole('button', { name: 'Apply policy' }).waitFor()
    await page.keyboard.press('Escape')
  })

  it('tries an upload again after signing in again', async () => {
    await visit('/ui/buckets/plain')
    const token = await page.evaluate("document.querySelector('meta[name=csrf]').content")
    await page.context().clearCookies({ name: 'myfsio.session' })
    const other = await page.context().newPage()
    await other.goto(`${site.url}/ui`)
    await other.fill('#name', 'admin')
    await other.fill('#secret', 'admin-secret')
    await other.press('#secret', 'Enter')
    await other.waitForURL(`${site.url}/ui`)
    await other.close()
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose files' }).click()
    await (await chooser).setFiles({ name: 'late.txt', mimeType: 'text/plain', buffer: Buffer.from('late') })
    await says(page, '1 uploaded')
    expect(await page.evaluate("document.querySelector('meta[name=csrf]').content")).not.toBe(token)
    expect((await site.store.headObject('plain', 'late.txt', undefined)).sizeBytes).toBe(4)
  })

  it('stays on the page when the server is away, and finds again when it is back', async () => {
    await visit('/ui/buckets/plain')
    await page.route('**/ui/buckets/plain?*', (route) => route.abort())
    await page.fill('[data-search]', 'late')
    await says(page, /cannot be reached/)
    expect(new URL(page.url()).origin).toBe(site.url)
    await appears(page.getByRole('link', { name: 'data.json' }))
    await page.unroute('**/ui/buckets/plain?*')
    await expect.poll(() => page.getByRole('link', { name: 'data.json' }).count()).toBe(0)
    await appears(page.getByRole('link', { name: 'late.txt' }))
    await visit('/ui/buckets/plain/settings')
    await page.route('**/ui/token', (route) => route.abort())
    await page.getByRole('button', { name: 'Enable versioning' }).click()
    await says(page, /cannot be reached/)
    expect(page.url()).toBe(`${site.url}/ui/buckets/plain/settings`)
    await page.unroute('**/ui/token')
    site.mistakes.splice(0, site.mistakes.length, ...site.mistakes.filter((one) => !/ERR_FAILED|401|403/.test(one)))
  })

  it('sees what is hidden in a name, which changes nothing around it', async () => {
    await visit('/ui/buckets/plain')
    const row = page.locator('[data-row]', { hasText: 'invoice' })
    expect(await row.locator('bdi').textContent()).toBe('invoice‹U+202E›fdp.exe‹TAB›tab‹LF›line')
    await row.locator('a[data-row-link]').click()
    await page.locator('h1 bdi .hidden-character').first().waitFor()
    expect(await page.locator('h1').textContent()).toBe('invoice‹U+202E›fdp.exe‹TAB›tab‹LF›line')
    const copied = await page.locator('[aria-label="Copy the S3 URI"]').getAttribute('data-copy')
    expect(copied).toBe("$'s3://plain/invoice\\342\\200\\256fdp.exe\\011tab\\012line'")
  })

  it('reads of an older version where it is, and when to the second', async () => {
    const versions = (
      await site.store.listVersions({
        bucket: 'kept',
        prefix: 'gone.txt',
        delimiter: '',
        limit: 10,
        keyMarker: '',
        versionIdMarker: undefined,
      })
    ).versions
    const old = versions.find(({ version }) => !version.isDeleteMarker)?.version.versionId
    await visit(`/ui/buckets/kept/object?key=gone.txt&versionId=${old}`)
    await says(page, /kept aside, since the version is not current/)
    expect(await page.content()).not.toContain('cannot be the name of a file')
    await visit('/ui/activity')
    await page.locator('[data-row-link]').first().click()
    await appears(page.locator('time[data-exact]'))
    expect(await page.locator('time[data-exact]').first().textContent()).toMatch(/\d\d:\d\d:\d\d/)
  })

  it('comes back to the same place in a long list', async () => {
    await putMany(site.store, await site.store.getBucket('plain'), 900)
    await visit('/ui/buckets/plain?prefix=many/')
    const link = page.getByRole('link', { name: '0786', exact: true })
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 20_000)
        return link.count()
      })
      .toBe(1)
    await link.scrollIntoViewIfNeeded()
    expect(await page.evaluate('scrollY')).toBeGreaterThan(10_000)
    const topOf = () => link.evaluate((one) => Math.round(one.getBoundingClientRect().top))
    const top = await topOf()
    await link.click()
    await page.waitForURL(/object/)
    await page.waitForLoadState()
    await page.goBack()
    await link.waitFor()
    await expect.poll(topOf).toBeGreaterThan(top - 3)
    await expect.poll(topOf).toBeLessThan(top + 3)
  })

  it('uses an object by keyboard: download, share, who can read it, up', async () => {
    await visit('/ui/buckets/plain/object?key=notes/d.txt')
    const download = page.waitForEvent('download')
    await page.keyboard.press('d')
    expect((await download).suggestedFilename()).toBe('d.txt')
    await page.keyboard.press('s')
    await says(page, 'Link allows')
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await page.keyboard.press('p')
    await page.waitForURL(/\/readers\?/)
    await page.keyboard.press('Backspace')
    await page.waitForURL(/\/object\?/)
    await page.waitForLoadState()
    await page.keyboard.press('Backspace')
    await page.waitForURL(/\?prefix=notes\/$/)
    await page.keyboard.press('?')
    await says(page, 'Download the object')
    await page.keyboard.press('Escape')
  })

  it('sees JSON fold where it was as text, digit by digit', async () => {
    await visit('/ui/buckets/plain/object?key=data.json')
    await page.locator('.json-tree').getByText('"deep"').waitFor()
    expect(await page.evaluate(layoutShift)).toBeLessThan(layoutShiftMax)
    await says(page, '12345678901234567890')
    await page.locator('.json-tree details details summary').first().click()
    await becomes(page, "document.querySelectorAll('.json-tree details:not([open])').length === 1")
  })

  it('meets no error and no breach of the policy on the way', () => {
    expect(site.mistakes).toEqual([])
    expect(site.errors).toEqual([])
  })
})
