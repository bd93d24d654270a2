/** The console as a person uses it: one story, told from sign-in to the last bucket deleted. */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../console/start-console.ts'
import { axeProblems, dropFiles, hasBrowser, launchBrowser, openPage, signIn } from './browser.ts'

const largeBytes = Number(process.env.LARGE_FILE_MIB ?? 20) * 1024 * 1024

describe.skipIf(!hasBrowser)('in a browser, a visitor', () => {
  let site: TestConsole
  let browser: Browser
  let page: Page
  let mistakes: string[]
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'myfsio-drop-'))
    mkdirSync(join(folder, 'album', 'inner'), { recursive: true })
    writeFileSync(join(folder, 'album', 'notes.md'), '# Notes')
    writeFileSync(join(folder, 'album', 'inner', 'data.json'), '{"list": [1, 2], "deep": {"er": true}}')
    writeFileSync(join(folder, 'album', 'dot.png'), Buffer.from(dot, 'base64'))
    writeFileSync(join(folder, 'album', 'large.bin'), 'begin')
    truncateSync(join(folder, 'album', 'large.bin'), largeBytes)
    site = await startTestConsole()
    browser = await launchBrowser()
    const opened = await openPage(browser)
    page = opened.page
    mistakes = opened.mistakes
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const visit = (path: string) => page.goto(`${site.url}${path}`)
  const says = (text: string | RegExp) => page.getByText(text).first().waitFor()

  it('signs in with Enter, and creates a bucket whose name is checked while typing', async () => {
    await signIn(page, site.url)
    await page.getByRole('button', { name: 'Create a bucket' }).click()
    await page.fill('#bucket-name', 'Photos')
    await says('Only lower-case letters, digits, dots and hyphens.')
    await page.fill('#bucket-name', 'photos')
    await page.check('input[name=versioning]')
    await page.press('#bucket-name', 'Enter')
    await says('photos is ready.')
    expect(new URL(page.url()).pathname).toBe('/ui/buckets/photos')
  })

  it('drops a folder, which is uploaded with all that is in it, large files in parts', async () => {
    await dropFiles(page, [join(folder, 'album')])
    await says('4 uploaded')
    await page.getByRole('link', { name: 'album' }).click()
    await page.getByRole('link', { name: 'large.bin', exact: true }).waitFor()
    await page.getByRole('link', { name: 'inner' }).waitFor()
    const stored = await sha256(join(site.root, 'photos', 'album', 'large.bin'))
    expect(stored).toBe(await sha256(join(folder, 'album', 'large.bin')))
  })

  it('goes on with an upload where a reload has interrupted it', async () => {
    const path = join(folder, 'album', 'large.bin')
    const choose = async () => {
      await page.getByRole('button', { name: 'Upload', exact: true }).click()
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Choose files' }).click()
      await (await chooser).setFiles(path)
    }
    const sent: string[] = []
    page.on('request', (request) => {
      const part = /parts\/(\d+)/.exec(request.url())?.[1]
      if (part !== undefined) sent.push(part)
    })
    await visit('/ui/buckets/photos')
    // The last part never arrives.
    const last = String(Math.ceil(largeBytes / (8 * 1024 * 1024)))
    await page.route(`**/parts/${last}?*`, () => {})
    await choose()
    await page.waitForFunction(
      (count) => performance.getEntriesByType('resource').filter((one) => one.name.includes('/parts/')).length >= count,
      Number(last) - 1,
    )
    page.once('dialog', (dialog) => void dialog.accept())
    await page.reload()
    await page.unroute(`**/parts/${last}?*`)
    await says(/^Interrupted: large\.bin/)
    sent.length = 0
    await choose()
    await says('1 uploaded')
    expect(sent).toEqual([last])
    expect(await sha256(join(site.root, 'photos', 'large.bin'))).toBe(await sha256(path))
  })

  it('sees each kind of file as what it is', async () => {
    await visit('/ui/buckets/photos/object?key=album/dot.png')
    await page.waitForFunction("document.querySelector('.preview img')?.naturalWidth > 0")
    await visit('/ui/buckets/photos/object?key=album/inner/data.json')
    await page.locator('.json-tree').getByText('deep').waitFor()
    await visit('/ui/buckets/photos/object?key=album/notes.md')
    await says('# Notes')
  })

  it('makes a link that works without signing in', async () => {
    await page.getByRole('link', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Make the link' }).click()
    await page.locator('dialog .qr').waitFor()
    const link = (await page.locator('dialog [data-copy^="http"]').getAttribute('data-copy')) ?? ''
    expect(new URL(link).searchParams.get('X-Amz-Expires')).toBe('3600')
    await page.keyboard.press('Escape')
  })

  it('restores an older version', async () => {
    writeFileSync(join(folder, 'notes.md'), '# Spoiled')
    await visit('/ui/buckets/photos?prefix=album/')
    await dropFiles(page, [join(folder, 'notes.md')])
    await says('1 uploaded')
    await visit('/ui/buckets/photos/object?key=album/notes.md')
    await says('# Spoiled')
    await page.getByRole('button', { name: 'Restore this version' }).click()
    await says('The version is restored')
    await says('# Notes')
    expect(readFileSync(join(site.root, 'photos', 'album', 'notes.md'), 'utf8')).toBe('# Notes')
  })

  it('renames and deletes by keyboard and selection, with progress', async () => {
    await visit('/ui/buckets/photos?prefix=album/')
    await page.check('input[value="album/dot.png"]')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.fill('#target', 'point.png')
    await page.press('#target', 'Enter')
    await page.getByRole('link', { name: 'point.png', exact: true }).waitFor()
    await page.keyboard.press('Control+a')
    await says('3 objects, 1 folder selected')
    await page.keyboard.press('Delete')
    await page.locator('dialog').getByRole('button', { name: 'Delete' }).click()
    await says('Nothing here yet')
  })

  it('opens the bucket to all, closes it again, and finds the draft of a policy as it was', async () => {
    await visit('/ui/buckets/photos/settings')
    await page.check('input[value=custom]')
    await page.fill('#document', '{"Version": "2012-10-17",\n"Statement": [}')
    await says(/^Line 2: /)
    await page.check('input[value=private]')
    await page.check('input[value=public-read]')
    expect(await page.inputValue('#document')).toContain('"AllowRead"')
    await page.check('input[value=custom]')
    expect(await page.inputValue('#document')).toBe('{"Version": "2012-10-17",\n"Statement": [}')
    await page.check('input[value=public-read]')
    await page.getByRole('button', { name: 'Review the change' }).click()
    await page.getByRole('button', { name: 'Put it in force' }).click()
    await page.locator('.bucket-head').getByText('Public read').waitFor()
  })

  it('finds everything with the command palette', async () => {
    await page.keyboard.press('Control+k')
    await page.keyboard.type('photos')
    await page.locator('.palette-list li').first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(`${site.url}/ui/buckets/photos`)
    await page.keyboard.press('?')
    await page.locator('#keys').getByText('Search on this page').waitFor()
    await page.keyboard.press('Escape')
  })

  it('scrolls through a thousand objects without a click', async () => {
    const { store } = site
    const bucket = await store.getBucket('photos')
    const { putMany } = await import('./put-many.ts')
    await putMany(store, bucket, 350)
    await visit('/ui/buckets/photos?prefix=many/')
    for (let tries = 0; tries < 20 && (await page.locator('[data-row]').count()) < 351; tries++) {
      await page.mouse.wheel(0, 20_000)
      await page.waitForTimeout(60)
    }
    expect(await page.locator('[data-row]').count()).toBe(351)
  })

  it('empties and deletes the bucket, having typed its name', async () => {
    await visit('/ui/buckets/photos/settings')
    await page.getByRole('link', { name: 'Delete the bucket' }).click()
    await page.check('dialog input[name=empty]')
    await page.fill('#confirm-name', 'photos')
    await page.press('#confirm-name', 'Enter')
    await says('photos is deleted.')
  })

  it('meets no error, no failed request and no breach of the policy on the way', () => {
    expect(mistakes).toEqual([])
    expect(site.errors).toEqual([])
  })

  for (const [name, look] of [
    ['wide and light', {}],
    ['on a phone, dark', { isDark: true, width: 390 }],
  ] as const) {
    it(`finds every page accessible, ${name}, and nothing sticking out`, { timeout: 120_000 }, async () => {
      const admin = await site.signIn()
      await admin.post('/ui/buckets', { name: 'open', versioning: 'on' })
      const send = admin.agent.put('/ui/buckets/open/upload?key=a.json').set('x-csrf-token', admin.token())
      await send.type('bin').send('{"a": 1}')
      const one = await openPage(browser, look)
      await one.page.goto(`${site.url}/ui/sign-in`)
      expect(await axeProblems(one.page)).toEqual([])
      await signIn(one.page, site.url)
      for (const path of pagesLookedAt) {
        await one.page.goto(`${site.url}/ui${path}`)
        expect([path, await axeProblems(one.page)]).toEqual([path, []])
        const excess = await one.page.evaluate('document.documentElement.scrollWidth - innerWidth')
        expect([path, excess]).toEqual([path, 0])
      }
      expect(one.mistakes.filter((mistake) => !/404/.test(mistake))).toEqual([])
    })
  }

  it('can do without scripts what needs none', async () => {
    const one = await openPage(browser, { hasScripts: false })
    await signIn(one.page, site.url)
    await one.page.getByRole('button', { name: 'Create bucket' }).click()
    await one.page.fill('#bucket-name', 'plain')
    await one.page.press('#bucket-name', 'Enter')
    await one.page.getByRole('link', { name: 'New folder' }).click()
    await one.page.fill('#folder-name', 'shelf')
    await one.page.press('#folder-name', 'Enter')
    await one.page.goto(`${site.url}/ui/buckets/plain`)
    await one.page.check('input[value="shelf/"]')
    await one.page.getByRole('button', { name: 'Delete' }).click()
    await one.page.getByRole('button', { name: 'Delete' }).click()
    await one.page.getByText('1 deleted.').waitFor()
    await one.page.getByRole('button', { name: 'Dark' }).click()
    expect(await one.page.locator('html').getAttribute('data-theme')).toBe('dark')
    expect(one.mistakes).toEqual([])
  })
})

const pagesLookedAt = [
  '',
  '/buckets',
  '/buckets/open',
  '/buckets/open/object?key=a.json',
  '/buckets/open/settings',
  '/buckets/open/presign?key=a.json',
  '/buckets/open/metadata?key=a.json',
  '/buckets/open/remove',
  '/docs',
  '/system',
  '/denials',
  '/iam',
  '/iam/users/Ada',
  '/iam/groups',
  '/iam/policies',
  '/iam/policy?arn=arn:aws:iam::aws:policy/AdministratorAccess',
  '/nowhere',
]

/** A picture of one point. */
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}
