/** The quota of a bucket, from the console to the error of an upload in the browser. */
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasBrowser, says, signIn } from '../visit/browser.ts'
import { type Site, startSite } from '../visit/site.ts'

describe.skipIf(!hasBrowser)('the quota of a bucket', () => {
  let site: Site

  beforeAll(async () => {
    site = await startSite()
    const s3 = site.client('admin', 'admin-secret')
    await s3.send(new CreateBucketCommand({ Bucket: 'full' }))
    await s3.send(new PutObjectCommand({ Bucket: 'full', Key: 'a.bin', Body: Buffer.alloc(900 * 1024) }))
    s3.destroy()
  })
  afterAll(() => site?.close())

  it('is previewed, saved, shown as bars, and told to whoever uploads too much', async () => {
    const page = await site.open()
    await signIn(page, site.url)
    await page.goto(`${site.url}/ui/buckets/full/settings`)
    await page.getByRole('link', { name: 'Set a quota' }).click()
    await says(page, 'This bucket has no quota')
    await page.getByLabel('Size', { exact: true }).fill('1')
    await page.getByLabel('Unit of the size').selectOption('MiB')
    await page.getByLabel('Objects', { exact: true }).fill('1')
    await page.getByRole('button', { name: 'Preview' }).click()
    await says(page, 'With these limits')
    await says(page, '900 KiB of 1.00 MiB (87 %)')
    await says(page, 'Nothing can be added.')
    await page.getByLabel('Objects', { exact: true }).fill('')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Not saved').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Back to settings' }).click()
    await says(page, '900 KiB of 1.00 MiB (87 %)')
    expect(site.mistakes).toEqual([])
    await page.goto(`${site.url}/ui/buckets/full`)
    const file = { name: 'b.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(200 * 1024) }
    await page.getByRole('button', { name: 'Upload', exact: true }).click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose files' }).click()
    await (await chooser).setFiles(file)
    await says(page, /The quota of bucket full is 1048576 bytes/)
    expect(site.mistakes.filter((mistake) => !/403/.test(mistake))).toEqual([])
  })
})
