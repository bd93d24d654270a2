/** Object Lock in the console: enabling it, locking an object, and the reason why it cannot be deleted. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, says, signIn } from './visit/browser.ts'
import { type Site, startSite } from './visit/site.ts'

const shots = process.env.MYFSIO_SHOTS

describe.skipIf(!hasBrowser)('Object Lock in the browser', () => {
  let site: Site
  let page: Page

  beforeAll(async () => {
    site = await startSite()
    page = await site.open()
    await signIn(page, site.url)
  })
  afterEach(() => expect(site.mistakes.splice(0)).toEqual([]))
  afterAll(() => site?.close())

  /** Screenshots for people, if a folder for them is given. */
  async function shoot(name: string): Promise<void> {
    if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  }

  it('is enabled with a new bucket, and its default is previewed and saved', async () => {
    await page.getByRole('button', { name: 'Create bucket' }).first().click()
    await page.getByLabel('Name').fill('vault')
    await page.getByLabel('Enable Object Lock').check()
    await shoot('create')
    await page.locator('#create').getByRole('button', { name: 'Create bucket' }).click()
    await says(page, 'Bucket vault created')
    await page.goto(`${site.url}/ui/buckets/vault/settings`)
    await shoot('settings')
    await page.goto(`${site.url}/ui/buckets/vault/lock`)
    await page.getByLabel('Governance').check()
    await page.getByRole('spinbutton', { name: 'Period' }).fill('2')
    await page.getByRole('button', { name: 'Preview' }).click()
    await says(page, /An object that is uploaded now is locked until/)
    await shoot('bucket')
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, 'Object Lock saved')
  })

  it('protects an upload, says so on its page, and tells why it is not deleted', async () => {
    await page.goto(`${site.url}/ui/buckets/vault`)
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose files' }).click()
    await (await chooser).setFiles([{ name: 'kept.txt', mimeType: 'text/plain', buffer: Buffer.from('kept') }])
    await page.getByRole('link', { name: 'kept.txt', exact: true }).click()
    await says(page, /It is retained until/)
    expect(await readdir(join(site.root, 'vault'))).toEqual([])
    await shoot('object')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: 'Delete this version permanently' }).click()
    await says(page, /Not deleted. The version is locked until/)
    await shoot('refused')
  })

  it('has a legal hold put and lifted, and a retention that ends sooner past governance mode', async () => {
    const card = page.locator('section', { has: page.locator('#object-lock') })
    await card.getByRole('link', { name: 'Edit' }).click()
    await page.getByRole('button', { name: 'Put a legal hold' }).waitFor()
    await shoot('dialog')
    await page.getByRole('button', { name: 'Put a legal hold' }).click()
    await says(page, /A legal hold protects it/)
    await card.getByRole('link', { name: 'Edit' }).click()
    await page.getByRole('button', { name: 'Remove the legal hold' }).click()
    await says(page, 'Legal hold lifted')
    await card.getByRole('link', { name: 'Edit' }).click()
    await page.locator('#until').fill(new Date(Date.now() + 3_600_000).toISOString().slice(0, 19))
    await page.getByRole('checkbox', { name: /Bypass governance mode/ }).check()
    await page.getByRole('button', { name: 'Save retention' }).click()
    await says(page, 'Retention saved')
  })
})
