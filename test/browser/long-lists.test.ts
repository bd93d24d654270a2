/** Lists that are far longer than what can be seen. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUser } from '#identity/accounts/users.ts'
import { becomes, hasBrowser, says, signIn } from './visit/browser.ts'
import { putMany } from './visit/put-many.ts'
import { type Site, startSite } from './visit/site.ts'

const count = 2400
const rowsOfPage = 100

describe.skipIf(!hasBrowser)('a long list', () => {
  let site: Site
  let page: Page

  beforeAll(async () => {
    site = await startSite({ UI_PAGE_SIZE: String(rowsOfPage) })
    page = await site.open()
    await signIn(page, site.url)
    await (await site.signIn()).post('/ui/buckets', { name: 'long' })
    await putMany(site.store, await site.store.getBucket('long'), count)
    await site.opened.identities.change('000000000000', (account, nowMs) => {
      for (let at = 0; at < 1200; at++)
        createUser(account, { name: `person-${String(at).padStart(4, '0')}`, path: '/' }, nowMs)
    })
  })
  afterAll(() => site?.close())

  const pages = () => page.locator('[data-rows-page]').count()
  const rows = () => page.locator('[data-row]').count()

  /** Scrolls to the end of the list. */
  async function scrollThrough(pagesAtEnd: number): Promise<void> {
    await expect
      .poll(
        async () => {
          await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
          return pages()
        },
        { timeout: 60_000, interval: 30 },
      )
      .toBe(pagesAtEnd)
  }

  it('of objects goes on to its end, and stays light', async () => {
    await page.goto(`${site.url}/ui/buckets/long?prefix=many/`)
    await says(page, '0000')
    await scrollThrough(count / rowsOfPage)
    await says(page, `${count - 1}`)
    await expect.poll(rows, { timeout: 20_000 }).toBeLessThan(count / 2)
  })

  it('shows again what was put away, in its place, with what is selected', async () => {
    await page.evaluate('scrollTo(0, 0)')
    await says(page, '0000')
    await page.getByRole('checkbox', { name: 'Select 0003' }).check()
    await scrollThrough(count / rowsOfPage)
    await says(page, '1 object selected')
    expect(await page.getByRole('checkbox', { name: 'Select 0003' }).isChecked()).toBe(true)
    await page.getByRole('checkbox', { name: `Select ${count - 1}` }).click({ modifiers: ['Shift'] })
    await says(page, '2,397 objects selected')
    await page.keyboard.press('Escape')
  })

  it('of users goes on, and is filtered by the server', async () => {
    await page.goto(`${site.url}/ui/iam`)
    await says(page, 'person-0000')
    await scrollThrough(13)
    await says(page, 'person-1199')
    await page.getByLabel('Filter by name').fill('PERSON-07')
    await becomes(page, 'document.querySelectorAll("[data-row]").length === 100')
    await page.waitForURL(/filter=PERSON-07/)
    await page.getByLabel('Filter by name').fill('nobody')
    await says(page, 'No matches.')
  })

  it('meets no error on the way', () => {
    expect(site.mistakes).toEqual([])
    expect(site.errors).toEqual([])
  })
})
