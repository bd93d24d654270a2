/** A console beside an S3 endpoint on the same services, and a browser that looks at it. */

import { S3Client } from '@aws-sdk/client-s3'
import type { Browser, Page } from 'playwright-core'
import { startTestConsole, type TestConsole } from '../../console/start-console.ts'
import { freePort } from '../../support/free-port.ts'
import { launchBrowser, openPage, type PageOptions } from './browser.ts'

export interface Site extends TestConsole {
  readonly browser: Browser
  /** The endpoint of the S3 API. */
  readonly endpoint: string
  /** Opens a page whose mistakes are collected; see `mistakes`. */
  open(options?: PageOptions): Promise<Page>
  /** Errors of pages, which must not happen. */
  readonly mistakes: string[]
  client(accessKeyId: string, secretAccessKey: string): S3Client
}

export async function startSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  const port = await freePort()
  const site = await startTestConsole({ API_PORT: String(port), ...env })
  const endpoint = await site.serveApi(port)
  const browser = await launchBrowser()
  const mistakes: string[] = []
  return {
    ...site,
    browser,
    endpoint,
    mistakes,
    open: (options) => openPage(browser, mistakes, options),
    client: (accessKeyId, secretAccessKey) =>
      new S3Client({
        endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId, secretAccessKey },
      }),
    close: async () => {
      await browser.close()
      await site.close()
    },
  }
}
