/** Requests of clients, shown as they happen. */
import { CreateBucketCommand, GetObjectCommand, HeadBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeProblems, hasBrowser, says, signIn } from './visit/browser.ts'
import { type Site, startSite } from './visit/site.ts'

describe.skipIf(!hasBrowser)('the activity page', () => {
  let site: Site
  let page: Page
  let client: ReturnType<Site['client']>

  beforeAll(async () => {
    site = await startSite()
    page = await site.open()
    client = site.client('admin', 'admin-secret')
    await signIn(page, site.url)
  })
  afterAll(() => site?.close())

  const rows = () => page.locator('[data-row]')
  const operations = () => page.locator('[data-row-link]').allTextContents()
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket: 'live', Key, Body: 'x' }))

  it('shows requests as they arrive, the newest first, without being asked', async () => {
    await page.goto(`${site.url}/ui/activity`)
    await says(page, 'No requests')
    await client.send(new CreateBucketCommand({ Bucket: 'live' }))
    await rows().first().waitFor()
    await put('first.txt')
    await expect.poll(operations).toEqual(['PutObject', 'CreateBucket'])
    expect(await axeProblems(page)).toEqual([])
  })

  it('stands still while it is paused, and catches up', async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    await put('second.txt')
    await page.waitForTimeout(2500)
    expect(await rows().count()).toBe(2)
    await page.getByRole('button', { name: 'Resume' }).click()
    await expect.poll(() => rows().count()).toBe(3)
  })

  it('filters by operation and status', async () => {
    await client.send(new HeadBucketCommand({ Bucket: 'absent' })).catch(() => undefined)
    await client.send(new GetObjectCommand({ Bucket: 'live', Key: 'absent' })).catch(() => undefined)
    await page.getByLabel('Status').selectOption('errors')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.waitForURL(/status=errors/)
    expect(await operations()).toContain('GetObject')
    expect(await operations()).not.toContain('PutObject')
    await page.getByLabel('Operation').fill('putobject')
    await page.getByLabel('Status').selectOption('')
    await page.getByLabel('Operation').press('Enter')
    await page.waitForURL(/operation=putobject/)
    expect(await operations()).toEqual(['PutObject', 'PutObject'])
  })

  it('opens one, which can be copied as curl, for the CLI and for the SDK', async () => {
    await page.locator('[data-row-link]').first().click()
    await page.getByRole('heading', { name: 'PutObject' }).waitFor()
    await says(page, 'Valid')
    const copied = async (label: string) => {
      await page.getByRole('button', { name: label }).click()
      return page.evaluate('navigator.clipboard.readText()') as Promise<string>
    }
    expect(await copied('Copy as curl')).toContain(`'${site.endpoint}/live/second.txt`)
    expect(await copied('Copy for the AWS CLI')).toContain("aws s3api put-object \\\n  --bucket='live'")
    expect(await copied('Copy for the AWS SDK')).toContain(
      'PutObjectCommand({\n  Bucket: "live",\n  Key: "second.txt",',
    )
    expect(await axeProblems(page)).toEqual([])
  })

  it('meets no error, no failed request and no breach of the policy on the way', () => {
    expect(site.mistakes).toEqual([])
    expect(site.errors).toEqual([])
  })
})
