/** A website in a browser: created in the console, shown on its own host, and isolated from the console. */
import * as aws from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeProblems, hasBrowser, says, signIn } from '../visit/browser.ts'
import { send } from '../visit/in-page.js'
import { type Site, startSite } from '../visit/site.ts'

const Bucket = 'site'
const html = (body: string) => `<!doctype html><title>A site</title><main>${body}</main>`

describe.skipIf(!hasBrowser)('a website', () => {
  let site: Site
  let s3: aws.S3Client
  let page: Page
  let home: string

  beforeAll(async () => {
    site = await startSite()
    s3 = site.client('admin', 'admin-secret')
    home = `http://${Bucket}.s3-website.localhost:${new URL(site.endpoint).port}`
    await s3.send(new aws.CreateBucketCommand({ Bucket }))
    const script = '<script>document.querySelector("main").append(" with a script")</script>'
    for (const [Key, body] of Object.entries({
      'index.html': `<a href="docs">Docs</a>${script}`,
      'docs/index.html': 'The docs',
      'error.html': 'Sorry, nothing here',
    })) {
      await s3.send(new aws.PutObjectCommand({ Bucket, Key, Body: html(body), ContentType: 'text/html' }))
    }
    page = await site.open()
    await signIn(page, site.url)
  })
  afterAll(async () => {
    s3?.destroy()
    await site?.close()
  })

  /** Errors of the website are no mistakes of the console. */
  const visitor = () => site.browser.newPage()

  it('is enabled in the console, which says that the bucket is not public yet', async () => {
    await page.goto(`${site.url}/ui/buckets/${Bucket}/settings`)
    await page.getByRole('link', { name: 'Edit and preview' }).click()
    await page.getByLabel('Error document').fill('error.html')
    await page.getByRole('button', { name: 'Enable and save' }).click()
    await says(page, 'The bucket is not public')
    const [opened] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: home }).click(),
    ])
    await says(opened, '403 Forbidden')
    await opened.close()
    site.mistakes.length = 0
  })

  it('is seen by everyone once the bucket is public', async () => {
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    ]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await s3.send(new aws.PutBucketPolicyCommand({ Bucket, Policy }))
    await page.reload()
    expect(await page.getByText('The bucket is not public').count()).toBe(0)
    const tab = await visitor()
    await tab.goto(home)
    await says(tab, 'with a script')
    await tab.getByRole('link', { name: 'Docs' }).click()
    await says(tab, 'The docs')
    expect(tab.url()).toBe(`${home}/docs/`)
    const absent = await tab.goto(`${home}/absent`)
    expect(absent?.status()).toBe(403)
    await says(tab, 'Sorry, nothing here')
    await tab.close()
  })

  it('follows a rule that the console adds, and tells of beforehand', async () => {
    await page.getByRole('button', { name: 'Add rule' }).click()
    await page.getByLabel('KeyPrefixEquals').fill('old/')
    await page.getByLabel('Key', { exact: true }).selectOption('prefix')
    await page.getByLabel('Replacement').fill('docs/')
    await page.getByRole('button', { name: 'Save', exact: true }).last().click()
    await page.getByText('Not saved').waitFor({ state: 'detached' })
    await page.getByLabel('Test a path').fill('/old/')
    await page.getByRole('button', { name: 'Test' }).click()
    await says(page, 'Rule 1 redirects.')
    await says(page, `${home}/docs/`)
    const tab = await visitor()
    await tab.goto(`${home}/old/`)
    await says(tab, 'The docs')
    await tab.close()
  })

  it('has no part in the console: neither its session nor its pages', async () => {
    const tab = await page.context().newPage()
    await tab.goto(home)
    expect(await tab.evaluate('document.cookie')).toBe('')
    const answer = await tab.evaluate(send, {
      url: `${site.url}/ui/buckets`,
      method: 'GET',
      headers: {},
      body: undefined,
    })
    expect(answer).toEqual({ error: 'TypeError' })
    await tab.close()
    site.mistakes.length = 0
  })

  it('has a page that is accessible, light and dark, wide and narrow', async () => {
    for (const options of [{}, { isDark: true }, { width: 360 }]) {
      const other = await site.open(options)
      await signIn(other, site.url)
      await other.goto(`${site.url}/ui/buckets/${Bucket}/website?path=/old/`)
      expect(await axeProblems(other)).toEqual([])
      await other.context().close()
    }
    expect(site.mistakes).toEqual([])
  })

  it('is left by the redirect of an object', async () => {
    await page.goto(`${site.url}/ui/buckets/${Bucket}/object?key=docs/index.html`)
    await page.locator('section', { hasText: 'Content-Type' }).getByRole('link', { name: 'Edit', exact: true }).click()
    await page.getByLabel('Website redirect location').fill('/error.html')
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, '/error.html')
    const tab = await visitor()
    await tab.goto(`${home}/docs/`)
    await says(tab, 'Sorry, nothing here')
    expect(tab.url()).toBe(`${home}/error.html`)
    await tab.close()
    expect(site.mistakes).toEqual([])
  })
})
