/** Annotations on the page of an object: added, changed and deleted in a dialog. */
import { CreateBucketCommand, PutObjectAnnotationCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeProblems, hasBrowser, says, signIn } from './visit/browser.ts'
import { type Site, startSite } from './visit/site.ts'

describe.skipIf(!hasBrowser)('annotations', () => {
  let site: Site

  beforeAll(async () => {
    site = await startSite()
    const s3 = site.client('admin', 'admin-secret')
    const object = { Bucket: 'notes', Key: 'a.json' }
    await s3.send(new CreateBucketCommand({ Bucket: 'notes' }))
    await s3.send(new PutObjectCommand({ ...object, Body: '{"a": 1}', ContentType: 'application/json' }))
    const note = { AnnotationName: 'review', AnnotationPayload: '{"by": "Ada"}' }
    await s3.send(new PutObjectAnnotationCommand({ ...object, ...note }))
    s3.destroy()
  })
  afterAll(() => site?.close())

  it('are added, changed and deleted', async () => {
    const page = await site.open()
    await signIn(page, site.url)
    await page.goto(`${site.url}/ui/buckets/notes/object?key=a.json`)
    const card = page.getByRole('region', { name: 'Annotations' })
    await card.getByRole('link', { name: 'Add' }).click()
    await page.getByLabel('Name', { exact: true }).fill('a/b')
    await page.getByLabel('Text').fill('first line\nsecond line')
    expect(await axeProblems(page)).toEqual([])
    // A refused request, which the browser's console reports as well.
    site.mistakes.length = 0
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, 'The annotation name you provided is invalid.')
    site.mistakes.length = 0
    await page.getByLabel('Name', { exact: true }).fill('Überblick_1')
    await page.getByRole('button', { name: 'Save' }).click()
    await card.getByRole('link', { name: 'Überblick_1' }).click()
    expect(await page.getByLabel('Text').inputValue()).toBe('first line\nsecond line')
    await page.getByLabel('Text').fill('changed')
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, '7 B')
    page.on('dialog', (dialog) => void dialog.accept())
    await card.getByRole('link', { name: 'review' }).click()
    await page.getByLabel('Text').waitFor()
    await page.getByRole('button', { name: 'Delete' }).last().click()
    await card.getByRole('link', { name: 'review' }).waitFor({ state: 'detached' })
    expect(await card.getByRole('link').allTextContents()).toEqual(['Add', 'Überblick_1'])
    expect(site.mistakes).toEqual([])
  })
})
