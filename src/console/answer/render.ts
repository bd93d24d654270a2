/**
 * Renders pages with EJS: the view first, then the layout around it. Templates see only these values and those of the
 * page.
 */
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import ejs from 'ejs'
import type { Request } from 'express'
import { bucketHref, objectHref, objectsHref } from '#console/address.ts'
import type { View } from '#console/page.ts'
import type { Notice } from '#console/session/session.ts'
import { themeOf } from '#console/sign-in/theme.ts'
import { visibleText } from '#lib/text/hidden-characters.ts'
import type { Principal } from '#model/account.ts'
import { assetAddresses } from './assets.ts'
import { withBase } from './base-path.ts'
import {
  drawn,
  exactTime,
  formatBytes,
  formatCount,
  formatExactBytes,
  formatUtc,
  forShell,
  icon,
  isolated,
  time,
} from './format.ts'

export interface RenderContext {
  readonly request: Request
  readonly principal: Principal | undefined
  readonly csrf: string
  readonly notice: Notice | undefined
  /** Whether the visitor may see why a request was denied. */
  readonly mayExplain: boolean
  /** Lists of identities that the visitor may see. */
  readonly mayListKeys: boolean
  readonly iamPages: readonly string[]
}

export interface Renderer {
  render(view: View, context: RenderContext): Promise<string>
}

/** Whether a script made the request. It shows the answer in a dialog. */
export function isForDialog({ headers }: IncomingMessage): boolean {
  return headers['x-part'] === 'dialog'
}

export function createRenderer(packageRoot: string, version: string, base: string): Renderer {
  const root = join(packageRoot, 'views')
  const asset = assetAddresses(packageRoot)
  const draw = (name: string, locals: object): Promise<string> =>
    ejs.renderFile(join(root, `${name}.ejs`), locals, { root, cache: true, rmWhitespace: true })
  const named = {
    version,
    asset,
    icon: (name: string) => icon(asset('icons.svg'), name),
    formatBytes,
    formatExactBytes,
    formatCount,
    formatUtc,
    time,
    exactTime,
    drawn,
    isolated,
    visible: visibleText,
    forShell,
    bucketHref,
    objectsHref,
    objectHref,
  }

  return {
    async render(view, { request, principal, csrf, notice, mayExplain, mayListKeys, iamPages }) {
      const { title, crumbs = [], place, scripts = [], isBare = false } = view
      const user = principal === undefined ? undefined : { name: principal.displayName, key: principal.accessKeyId }
      const common = { ...named, title, user, csrf, path: request.originalUrl, mayExplain, mayListKeys, iamPages }
      const body = await draw(view.view, { ...common, ...view.locals })
      if (view.isFragment || (view.isDialog && isForDialog(request))) return withBase(body, base)
      const theme = themeOf(request)
      return withBase(
        await draw('layout', { ...common, body, crumbs, place, scripts, isBare, notice, theme, base }),
        base,
      )
    },
  }
}
