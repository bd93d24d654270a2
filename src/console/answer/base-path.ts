/**
 * A console below a path of its proxy, such as https://host/s3-console. Inside, paths begin with /ui. The base path is
 * removed from requests, whether or not the proxy has done so, and added to URLs of pages, redirects and cookies.
 */
import type { NextFunction, Request, Response } from 'express'

/** Attributes of our templates that hold URLs. Values of users never begin an attribute of these names. */
const addressed =
  /(\s(?:href|src|action|formaction|data-next|data-base|data-empty|data-pdf|data-pdf-module)=")(?=\/ui[/?"#])/g

export const withBase = (html: string, base: string): string =>
  base === '' ? html : html.replace(addressed, `$1${base}`)

export function basePathOf(uiBaseUrl: string | undefined): string {
  return uiBaseUrl === undefined ? '' : new URL(uiBaseUrl).pathname.replace(/\/+$/, '')
}

export function underBasePath(base: string) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (base !== '') {
      const { url } = request
      if (url === base || url.startsWith(`${base}/`) || url.startsWith(`${base}?`)) {
        const rest = url.slice(base.length)
        request.url = rest.startsWith('/') ? rest : `/${rest}`
        request.originalUrl = request.url
      }
      prefixHeaders(response, base)
    }
    next()
  }
}

function prefixHeaders(response: Response, base: string): void {
  const set = response.setHeader.bind(response)
  const append = response.appendHeader.bind(response)
  response.setHeader = (name, value) => set(name, prefixed(name, value, base))
  response.appendHeader = (name, value) => append(name, prefixed(name, value, base))
}

function prefixed<Value extends number | string | readonly string[]>(name: string, value: Value, base: string): Value {
  const change = /^(location|x-redirect)$/i.test(name)
    ? (one: string) => (/^\/(ui([/?#]|$)|$)/.test(one) ? base + one : one)
    : /^set-cookie$/i.test(name)
      ? (one: string) => one.replace(/; Path=\/ui(?=;|$)/i, `; Path=${base}/ui`)
      : undefined
  if (change === undefined) return value
  return (typeof value === 'object' ? value.map(change) : change(String(value))) as Value
}
