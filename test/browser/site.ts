/** A console beside an S3 endpoint on the same services, and a browser that looks at it. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import type { Browser, Page } from 'playwright-core'
import { createS3Endpoint } from '#s3/endpoint.ts'
import { startTestConsole, type TestConsole } from '../console/start-console.ts'
import { launchBrowser, openPage, type PageOptions } from './browser.ts'

export interface Site extends TestConsole {
  readonly browser: Browser
  /** Of the S3 API. */
  readonly endpoint: string
  /** A page whose mistakes count; see `mistakes`. */
  open(options?: PageOptions): Promise<Page>
  /** Whatever no page may do. */
  readonly mistakes: string[]
  client(accessKeyId: string, secretAccessKey: string): S3Client
}

const silent = { info: () => undefined, error: () => undefined }

export async function startSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  let answer: http.RequestListener = () => undefined
  const api = http.createServer((request, response) => answer(request, response))
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  const site = await startTestConsole({ API_PORT: new URL(endpoint).port, ...env })
  const { services, access } = site.opened
  answer = createS3Endpoint({ services, log: silent, onServed: (served) => access.activity.record(served) })
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
      api.closeAllConnections()
      api.close()
      await site.close()
    },
  }
}
