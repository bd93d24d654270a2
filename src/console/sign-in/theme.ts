/** Light, dark or as the system has it: known to the server, so that the first paint is right. */
import type { IncomingMessage } from 'node:http'
import { safeNext } from '#console/address.ts'
import type { Page } from '#console/page.ts'
import { readCookie } from '#console/visitor.ts'

const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const cookie = 'myfsio.theme'
const keptSeconds = 400 * 24 * 60 * 60

export function themeOf(request: IncomingMessage): Theme {
  return themes.find((theme) => theme === readCookie(request, cookie)) ?? 'auto'
}

export const setTheme: Page = ({ form }) => {
  const theme = themes.find((one) => one === form.get('theme')) ?? 'auto'
  return {
    redirect: safeNext(form.get('next')),
    cookie: `${cookie}=${theme}; Path=/ui; Max-Age=${keptSeconds}; SameSite=Lax; HttpOnly`,
  }
}
