/** KMS keys in the console: made, named, rotated, disabled, and on their way to deletion. */
import { join } from 'node:path'
import { DescribeKeyCommand, KMSClient, ListResourceTagsCommand } from '@aws-sdk/client-kms'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, says, signIn } from './visit/browser.ts'
import { type Site, startSite } from './visit/site.ts'

const shots = process.env.MYFSIO_SHOTS

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

  /** Screenshots for people, if a folder for them is given. */
  async function shoot(page: Page, name: string): Promise<void> {
    if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  }

  async function tagsOf(alias: string) {
    const credentials = { accessKeyId: 'admin', secretAccessKey: 'admin-secret' }
    const kms = new KMSClient({ endpoint: site.endpoint, region: 'us-east-1', credentials })
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: alias }))
    const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId: KeyMetadata?.KeyId }))
    kms.destroy()
    return Tags
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

    await page.getByRole('link', { name: 'Edit tags' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Key', { exact: true }).first().fill('aws:team')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await says(page, 'Tag keys that begin with aws: are reserved.')
    await shoot(page, 'kms-tags-refused')
    await dialog.getByLabel('Key', { exact: true }).first().fill('team')
    await dialog.getByLabel('Value', { exact: true }).first().fill('storage')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await says(page, 'Tags saved')
    expect(await tagsOf('alias/backups')).toEqual([{ TagKey: 'team', TagValue: 'storage' }])
    await shoot(page, 'kms-tags')

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
