/** The default encryption of a bucket, set in a browser, and the page of an encrypted object. */
import * as aws from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { customerKey } from '../../s3/encryption/ask.ts'
import { makeKey } from '../../s3/encryption/make-key.ts'
import { axeProblems, hasBrowser, says, signIn } from '../visit/browser.ts'
import { type Site, startSite } from '../visit/site.ts'

const Bucket = 'photos'

describe.skipIf(!hasBrowser)('encryption', () => {
  let site: Site
  let s3: aws.S3Client
  let page: Page
  let arn: string

  beforeAll(async () => {
    site = await startSite()
    s3 = site.client('admin', 'admin-secret')
    await s3.send(new aws.CreateBucketCommand({ Bucket }))
    arn = (await makeKey(site.opened.keys.keyring, { alias: 'alias/photos' })).arn
    page = await site.open()
    await signIn(page, site.url)
  })
  afterAll(async () => {
    s3?.destroy()
    await site?.close()
  })

  it('is chosen with a preview of what it means, saved, and in force', async () => {
    await page.goto(`${site.url}/ui/buckets/${Bucket}/settings`)
    await page.locator('section', { hasText: 'Default encryption' }).getByRole('link', { name: 'Edit' }).click()
    await says(page, 'Encryption of new objects')
    expect(await page.locator('#kms-keys option').getAttribute('value')).toBe(arn)
    await page.getByLabel('SSE-KMS', { exact: false }).first().check()
    await page.fill('#kms-key', 'alias/photos')
    await page.getByLabel('Bucket key').check()
    await page.getByRole('button', { name: 'Preview' }).click()
    await says(page, 'They are encrypted with the KMS key alias/photos (SSE-KMS)')
    expect(await axeProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Save', exact: true }).last().click()
    await page.waitForURL(/\/encryption$/)
    const { encryption } = await site.store.getBucket(Bucket)
    expect(encryption).toEqual({ method: 'aws:kms', kmsKeyId: 'alias/photos', usesBucketKey: true })
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'note.txt', Body: 'what it says' }))
    const { SSEKMSKeyId, BucketKeyEnabled } = await s3.send(new aws.HeadObjectCommand({ Bucket, Key: 'note.txt' }))
    expect([SSEKMSKeyId, BucketKeyEnabled]).toEqual([arn, true])
  })

  it('is told on the page of an object, which is shown and downloaded as any other', async () => {
    await page.goto(`${site.url}/ui/buckets/${Bucket}/object?key=note.txt`)
    await says(page, 'what it says')
    await says(page, arn)
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download' }).first().click()
    expect(await (await download).failure()).toBeNull()
  })

  it('with a key that only its client has says so, and offers no download', async () => {
    await s3.send(new aws.PutObjectCommand({ Bucket, Key: 'own.txt', Body: 'secret', ...customerKey('a').sdk }))
    await page.goto(`${site.url}/ui/buckets/${Bucket}/object?key=own.txt`)
    await says(page, 'a key that only its client has (SSE-C)')
    expect(await page.locator('[data-key="d"]').count()).toBe(0)
    expect(await axeProblems(page)).toEqual([])
    expect(site.mistakes).toEqual([])
  })
})
