/** Light, dark or the system's theme. The server knows it, so that the first paint is right. */
import type { IncomingMessage } from 'node:http'
import { safeNext } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import { readCookies } from '#console/session/cookies.ts'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const cookie = 'myfsio.theme'
const keptSeconds = 400 * 24 * 60 * 60

export function themeOf(request: IncomingMessage): Theme {
  const [kept] = readCookies(request, cookie)
  return themes.find((theme) => theme === kept) ?? 'auto'
}

export const setTheme: Page = ({ form, facts }, { access }) => {
  const theme = themes.find((one) => one === form.get('theme')) ?? 'auto'
  const secure = access.clientAddress.isSecure(facts) ? '; Secure' : ''
  return {
    redirect: safeNext(form.get('next')),
    cookie: `${cookie}=${theme}; Path=/ui; Max-Age=${keptSeconds}; SameSite=Lax; HttpOnly${secure}`,
  }
}
