/** KMS keys in the console: made, named, rotated, disabled, and on their way to deletion. */
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, says, signIn } from './visit/browser.ts'
import { type Site, startSite } from './visit/site.ts'

describe.skipIf(!hasBrowser)('a KMS key', () => {
  let site: Site

  beforeAll(async () => {
    site = await startSite()
  })
  afterAll(() => site?.close())

  async function stateOf(KeyId: string): Promise<string | undefined> {
    const credentials = { accessKeyId: 'admin', secretAccessKey: 'admin-secret' }
    const kms = new KMSClient({ endpoint: site.endpoint, region: 'us-east-1', credentials })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    kms.destroy()
    return KeyMetadata?.KeyState
  }

  it('is made with an alias, and changed on its page', async () => {
    const page = await site.open()
    await signIn(page, site.url)
    await page.getByRole('link', { name: 'KMS keys' }).click()
    await says(page, 'No keys')
    await page.getByRole('button', { name: 'Create key' }).click()
    await page.getByLabel('Alias', { exact: true }).fill('alias/a b')
    await page.getByLabel('Description', { exact: true }).fill('of the browser')
    await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
    await says(page, /at 'aliasName'|contains invalid characters for an alias/)
    await page.getByLabel('Alias', { exact: true }).fill('backups')
    await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
    await page.getByRole('heading', { level: 1, name: 'alias/backups' }).waitFor()
    expect(await stateOf('alias/backups')).toBe('Enabled')

    await page.getByLabel('New alias').fill('alias/second')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('button', { name: 'Remove alias/second' }).click()
    await page.getByRole('button', { name: 'Remove alias/second' }).waitFor({ state: 'detached' })
    await page.getByLabel('Days from one rotation to the next').fill('180')
    await page.getByRole('button', { name: 'Turn on' }).click()
    await says(page, 'Every 180 days')
    await page.getByRole('button', { name: 'Rotate now' }).click()
    await says(page, '1 older kept')
    await page.getByRole('button', { name: 'Disable' }).click()
    await says(page, 'The key is disabled')
    expect(await stateOf('alias/backups')).toBe('Disabled')
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByRole('button', { name: 'Disable' }).waitFor()

    await page.getByLabel('Days until the deletion').fill('7')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: 'Schedule deletion' }).click()
    await says(page, 'This key will be deleted at')
    expect(await stateOf('alias/backups')).toBe('PendingDeletion')
    await page.getByRole('button', { name: 'Cancel the deletion' }).click()
    await says(page, 'The key is disabled')
    expect(site.mistakes.filter((mistake) => !/400/.test(mistake))).toEqual([])
  })
})
