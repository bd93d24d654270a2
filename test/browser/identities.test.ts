/** The main story of the console: a user is denied, the administrator sees the reason, and allows it. */
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeProblems, hasBrowser, says, signIn } from './visit/browser.ts'
import { type Site, startSite } from './visit/site.ts'

describe.skipIf(!hasBrowser)('an administrator', () => {
  let site: Site
  let page: Page
  let grace: ReturnType<Site['client']>

  beforeAll(async () => {
    site = await startSite()
    page = await site.open()
    await signIn(page, site.url)
    const admin = site.client('admin', 'admin-secret')
    await (await site.signIn()).post('/ui/buckets', { name: 'plans' })
    await admin.send(new PutObjectCommand({ Bucket: 'plans', Key: 'engine.txt', Body: 'difference' }))
  })
  afterAll(() => site?.close())

  const read = async () =>
    (await grace.send(new GetObjectCommand({ Bucket: 'plans', Key: 'engine.txt' }))).Body?.transformToString()

  it('creates a user, and a key whose secret can be copied once', async () => {
    await page.goto(`${site.url}/ui/iam`)
    await page
      .getByRole('button', { name: /Create|New user/ })
      .first()
      .click()
    await page.locator('input[name=name]').fill('grace')
    await page.locator('input[name=name]').press('Enter')
    await says(page, 'User grace created')
    await page.getByRole('button', { name: 'Create key' }).click()
    await says(page, 'The secret access key is shown only once.')
    const copied = async (label: string) => {
      await page.getByRole('button', { name: label, exact: true }).click()
      return page.evaluate('navigator.clipboard.readText()') as Promise<string>
    }
    const [id, secret] = [await copied('Copy the access key'), await copied('Copy the secret')]
    expect([id.length, secret.length]).toEqual([20, 40])
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download as a credentials file' }).click()
    expect((await download).suggestedFilename()).toBe('credentials')
    expect(await axeProblems(page)).toEqual([])
    await page.getByRole('link', { name: 'Done' }).click()
    expect(await page.content()).not.toContain(secret)
    grace = site.client(id, secret)
  })

  it('finds the denial of a request that the key has made, with its reason', async () => {
    await expect(read()).rejects.toThrow(/not authorized to perform: s3:GetObject/)
    await page.goto(`${site.url}/ui/denials?user=grace`)
    await page.locator('summary').filter({ hasText: 's3:GetObject' }).click()
    await says(page, /no identity-based policy allows the s3:GetObject action/)
  })

  it('mends it with the statement that would have allowed it, and the key works', async () => {
    await page.getByRole('link', { name: 'Add it to grace' }).click()
    expect(await page.inputValue('#document-new')).toContain('arn:aws:s3:::plans/engine.txt')
    await page.fill('#name-new', 'engine')
    await page
      .locator('form')
      .filter({ has: page.locator('#name-new') })
      .getByRole('button', { name: 'Save' })
      .click()
    await says(page, 'Inline policy saved')
    expect(await read()).toBe('difference')
  })

  it('sees what she may do, and bounds it', async () => {
    await page.getByRole('link', { name: 'What may it do?' }).click()
    await page.fill('#actions', 's3:GetObject\ns3:PutObject')
    await page.fill('#resource', 'arn:aws:s3:::plans/engine.txt')
    await page.getByRole('button', { name: 'Check' }).click()
    await says(page, 'Allowed by a statement of the policy engine.')
    await says(page, 'No policy allows s3:PutObject.')
    await page.getByRole('link', { name: 'Back to grace' }).click()
    await page.getByLabel('A policy as the boundary').selectOption({ label: 'IAMReadOnlyAccess (AWS)' })
    await page.getByRole('button', { name: 'Set', exact: true }).last().click()
    await says(page, 'Permissions boundary set')
    await expect(read()).rejects.toThrow(/permissions boundary/)
    await page
      .locator('section')
      .filter({ has: page.locator('#boundary') })
      .getByRole('button', { name: 'Remove' })
      .click()
    await says(page, 'Permissions boundary removed')
    expect(await read()).toBe('difference')
  })

  it('disables the key, which is refused from then on', async () => {
    await page.getByRole('button', { name: 'Disable' }).click()
    await says(page, 'Access key updated')
    await expect(read()).rejects.toThrow(/Access Key Id you provided/)
  })

  it('deletes her with all that she has', async () => {
    page.once('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: 'Delete the user' }).click()
    await says(page, 'User grace deleted')
    expect(site.mistakes).toEqual([])
    expect(site.errors).toEqual([])
  })
})
