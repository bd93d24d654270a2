/**
 * Headless Chromium as Debian has it, and what no page may do: log an error, fail a request, break the policy, fail
 * axe.
 */
import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

export const hasBrowser = executablePath !== undefined
if (!hasBrowser) console.warn('The browser tests are skipped: there is no Chromium (apt-get install chromium).')

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ ...(executablePath && { executablePath }), args })

export interface PageOptions {
  readonly width?: number
  readonly isDark?: boolean
  readonly hasScripts?: boolean
}

/** Opens a page and adds its mistakes to the others. */
export async function openPage(browser: Browser, mistakes: string[], options: PageOptions = {}): Promise<Page> {
  const { width = 1280, isDark = false, hasScripts = true } = options
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: isDark ? 'dark' : 'light',
    javaScriptEnabled: hasScripts,
    acceptDownloads: true,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('console', (message) => {
    if (message.type() === 'error') mistakes.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => void mistakes.push(`exception: ${error.message}`))
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // Pages that are left, and downloads, end their requests so.
    if (why !== 'net::ERR_ABORTED') mistakes.push(`request: ${request.url()} ${why}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) mistakes.push(`answer: ${response.status()} ${response.url()}`)
  })
  return page
}

export async function signIn(page: Page, url: string, name = 'admin', secret = `${name}-secret`): Promise<void> {
  await page.goto(`${url}/ui/buckets`)
  await page.fill('#name', name)
  await page.fill('#secret', secret)
  await page.press('#secret', 'Enter')
  await page.waitForURL(`${url}/ui/buckets`)
}

/** Waits until it is visible on a page that is ready: a new page is visible before its scripts listen. */
export async function appears(locator: Locator): Promise<void> {
  await locator.first().waitFor()
  await locator.page().waitForLoadState()
}

export const says = (page: Page, text: string | RegExp): Promise<void> => appears(page.getByText(text))

/**
 * Waits for a condition of the page. Polled from outside: `page.waitForFunction` polls by eval, which the page's policy
 * forbids.
 */
export const becomes = (page: Page, truth: string | (() => boolean)): Promise<void> =>
  expect.poll(() => page.evaluate<unknown>(truth), { timeout: 20_000 }).toBe(true)

/** Half of what https://web.dev/articles/cls calls good. */
export const layoutShiftMax = 0.05

/** https://www.w3.org/WAI/WCAG2AA-Conformance, as far as a program can check it. */
export async function axeProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
}

/** Files and folders of this machine, let fall onto the page. */
export async function dropFiles(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files: [...paths], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data })
  }
}
