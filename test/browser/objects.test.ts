/** The console as a person uses it: the life of one bucket, from the sign-in to its end. */
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { appears, becomes, dropFiles, hasBrowser, says, signIn } from './visit/browser.ts'
import { hasInk, recordVideo, seek } from './visit/in-page.js'
import { putMany } from './visit/put-many.ts'
import { pdf, png, svg, wav } from './visit/samples.ts'
import { type Site, startSite } from './visit/site.ts'

const largeBytes = Number(process.env.LARGE_FILE_MIB ?? 300) * 1024 * 1024

describe.skipIf(!hasBrowser)('in a browser, a visitor', () => {
  let site: Site
  let page: Page
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'myfsio-drop-'))
    mkdirSync(join(folder, 'album', 'inner'), { recursive: true })
    writeFileSync(join(folder, 'album', 'notes.md'), '# Notes')
    writeFileSync(join(folder, 'album', 'inner', 'data.json'), '{"list": [1, 2], "deep": {"er": true}}')
    writeFileSync(join(folder, 'album', 'dot.png'), png)
    writeFileSync(join(folder, 'album', 'large.bin'), 'begin')
    truncateSync(join(folder, 'album', 'large.bin'), largeBytes)
    site = await startSite()
    page = await site.open()
  })
  afterAll(async () => {
    await site?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const visit = (path: string) => page.goto(`${site.url}${path}`)
  const seen = (text: string | RegExp) => says(page, text)

  it('signs in with Enter, and creates a bucket whose name is checked while typing', async () => {
    await signIn(page, site.url)
    await page.getByRole('button', { name: 'Create a bucket' }).click()
    await page.fill('#bucket-name', 'Photos')
    await seen('Only lower-case letters, digits, dots and hyphens.')
    await page.fill('#bucket-name', 'photos')
    await page.check('input[name=versioning]')
    await page.press('#bucket-name', 'Enter')
    await seen('Bucket photos created')
    expect(new URL(page.url()).pathname).toBe('/ui/buckets/photos')
  })

  it('drops a folder, which is uploaded with all that is in it, a file of 300 MiB in parts', async () => {
    await dropFiles(page, [join(folder, 'album')])
    await page.getByText('4 uploaded').first().waitFor({ timeout: 100_000 })
    await page.getByRole('link', { name: 'album' }).click()
    await page.getByRole('link', { name: 'large.bin', exact: true }).waitFor()
    await page.getByRole('link', { name: 'inner' }).waitFor()
    const stored = await sha256(join(site.root, 'photos', 'album', 'large.bin'))
    expect(stored).toBe(await sha256(join(folder, 'album', 'large.bin')))
  })

  it('goes on with an upload where a reload has interrupted it', async () => {
    const path = join(folder, 'twenty.bin')
    writeFileSync(path, 'twenty')
    truncateSync(path, 20 * 1024 * 1024)
    const choose = async () => {
      await page.getByRole('button', { name: 'Upload', exact: true }).click()
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('button', { name: 'Choose files' }).click()
      await (await chooser).setFiles(path)
    }
    await visit('/ui/buckets/photos')
    // The last of three parts never arrives.
    await page.route('**/parts/3?*', () => {})
    const arrived = [1, 2].map((part) => page.waitForResponse(new RegExp(`/parts/${part}\\?`)))
    const asked = page.waitForRequest(/\/parts\/3\?/)
    await choose()
    await Promise.all([...arrived, asked])
    page.once('dialog', (dialog) => void dialog.accept())
    await page.reload()
    await page.unroute('**/parts/3?*')
    await seen(/^Interrupted: twenty\.bin/)
    const sent: string[] = []
    page.on('request', (request) => sent.push(...(/parts\/(\d+)/.exec(request.url())?.slice(1) ?? [])))
    await choose()
    await seen('1 uploaded')
    expect(sent).toEqual(['3'])
    expect(await sha256(join(site.root, 'photos', 'twenty.bin'))).toBe(await sha256(path))
  })

  it('sees each kind of file as what it is', async () => {
    const files = {
      'film.webm': Buffer.from(await page.evaluate(recordVideo), 'base64'),
      'tone.wav': wav(4),
      'paper.pdf': pdf(),
      'code.ts': 'const answer: number = 42 // the answer',
      'table.csv': 'name,born\n"Lovelace, Ada",1815\n',
      'picture.svg': svg,
      'plain.txt': 'plain words',
    }
    mkdirSync(join(folder, 'kinds'))
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, 'kinds', name), bytes)
    await visit('/ui/buckets/photos')
    await dropFiles(page, [join(folder, 'kinds')])
    await seen('7 uploaded')
    const look = (key: string) => visit(`/ui/buckets/photos/object?key=${key}`)
    for (const key of ['album/dot.png', 'kinds/picture.svg']) {
      await look(key)
      await becomes(page, "document.querySelector('.preview img')?.naturalWidth > 0")
    }
    await look('album/inner/data.json')
    await page.locator('.json-tree').getByText('deep').waitFor()
    await look('album/notes.md')
    await seen('# Notes')
    await look('kinds/plain.txt')
    await seen('plain words')
    await look('kinds/code.ts')
    await page.locator('.preview-text .hljs-keyword').first().waitFor()
    await look('kinds/table.csv')
    await page.getByRole('cell', { name: 'Lovelace, Ada' }).waitFor()
    await look('kinds/tone.wav')
    await becomes(page, "document.querySelector('audio').duration === 4")
    expect(await page.evaluate(seek, ['audio', 3] as const)).toBe(3)
    await look('kinds/film.webm')
    await becomes(page, "document.querySelector('video').videoWidth === 64")
    expect(await page.evaluate(seek, ['video', 0.2] as const)).toBeCloseTo(0.2, 1)
    await look('kinds/paper.pdf')
    await becomes(page, hasInk)
  })

  it('makes a link that works without signing in, until it is spent', async () => {
    await visit('/ui/buckets/photos/object?key=album/notes.md')
    await page.getByRole('link', { name: 'Share' }).click()
    await page.getByRole('button', { name: 'Create link' }).click()
    await page.locator('dialog .qr').waitFor()
    const link = (await page.locator('dialog [data-copy^="http"]').getAttribute('data-copy')) ?? ''
    expect(new URL(link).searchParams.get('X-Amz-Expires')).toBe('3600')
    const fetched = await fetch(link)
    expect([fetched.status, await fetched.text()]).toEqual([200, '# Notes'])
    expect((await fetch(link.replace('notes.md', 'dot.png'))).status).toBe(403)
    await page.keyboard.press('Escape')
  })

  it('restores an older version', async () => {
    writeFileSync(join(folder, 'notes.md'), '# Spoiled')
    await visit('/ui/buckets/photos?prefix=album/')
    await dropFiles(page, [join(folder, 'notes.md')])
    await seen('1 uploaded')
    await visit('/ui/buckets/photos/object?key=album/notes.md')
    await seen('# Spoiled')
    await page.getByRole('button', { name: 'Restore this version' }).click()
    await seen('Version restored')
    await seen('# Notes')
    expect(readFileSync(join(site.root, 'photos', 'album', 'notes.md'), 'utf8')).toBe('# Notes')
  })

  it('renames and deletes by keyboard and selection, with progress', async () => {
    await visit('/ui/buckets/photos?prefix=album/')
    await page.check('input[value="album/dot.png"]')
    await page.getByRole('button', { name: 'Rename' }).click()
    await page.fill('#target', 'point.png')
    await page.press('#target', 'Enter')
    await appears(page.getByRole('link', { name: 'point.png', exact: true }))
    await page.keyboard.press('Control+a')
    await seen('3 objects, 1 folder selected')
    await page.keyboard.press('Delete')
    await page.locator('dialog').getByRole('button', { name: 'Delete' }).click()
    await seen('Nothing here yet')
  })

  it('opens the bucket to all, closes it again, and finds the draft of a policy as it was', async () => {
    await visit('/ui/buckets/photos/settings')
    await page.check('input[value=custom]')
    await page.fill('#document', '{"Version": "2012-10-17",\n"Statement": [}')
    await seen(/^Line 2: /)
    await page.check('input[value=private]')
    await page.check('input[value=public-read]')
    expect(await page.inputValue('#document')).toContain('"AllowRead"')
    await page.check('input[value=custom]')
    expect(await page.inputValue('#document')).toBe('{"Version": "2012-10-17",\n"Statement": [}')
    await page.check('input[value=public-read]')
    await page.getByRole('button', { name: 'Review the change' }).click()
    await page.getByRole('button', { name: 'Apply policy' }).click()
    await appears(page.locator('.bucket-head').getByText('Public read'))
    expect((await fetch(`${site.endpoint}/photos/kinds/plain.txt`)).status).toBe(200)
    await page.check('input[value=private]')
    await page.getByRole('button', { name: 'Review the change' }).click()
    await page.getByRole('button', { name: 'Apply policy' }).click()
    await appears(page.locator('.bucket-head').getByText('Private'))
    expect((await fetch(`${site.endpoint}/photos/kinds/plain.txt`)).status).toBe(403)
  })

  it('finds everything with the command palette', async () => {
    await visit('/ui')
    await page.keyboard.press('Control+k')
    await page.keyboard.type('photos')
    await page.locator('.palette-list li').first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(`${site.url}/ui/buckets/photos`)
    await page.keyboard.press('?')
    await page.locator('#keys').getByText('Search on this page').waitFor()
    await page.keyboard.press('Escape')
  })

  it('scrolls through all of a folder without a click, and deletes it whole', async () => {
    const bucket = await site.store.getBucket('photos')
    await putMany(site.store, bucket, 350)
    await visit('/ui/buckets/photos?prefix=many/')
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 20_000)
        return page.getByRole('link', { name: '0349', exact: true }).count()
      })
      .toBe(1)
    await visit('/ui/buckets/photos')
    await page.check('input[value="many/"]')
    await page.keyboard.press('Delete')
    const reloaded = page.waitForEvent('load')
    await page.locator('dialog').getByRole('button', { name: 'Delete' }).click()
    await reloaded
    expect(await page.getByRole('link', { name: 'many', exact: true }).count()).toBe(0)
  })

  it('empties and deletes the bucket, having typed its name', async () => {
    await visit('/ui/buckets/photos/settings')
    await page.getByRole('link', { name: 'Delete the bucket' }).click()
    await page.check('dialog input[name=empty]')
    await page.fill('#confirm-name', 'photos')
    await page.press('#confirm-name', 'Enter')
    await seen('Bucket photos deleted')
  })

  it('meets no error, no failed request and no breach of the policy on the way', () => {
    expect(site.mistakes).toEqual([])
    expect(site.errors).toEqual([])
  })
})

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}
