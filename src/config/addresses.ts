/** Settings with addresses. */
import * as z from 'zod'
import { isIpRange } from '#lib/net/ip-range.ts'
import { list } from './schemas.ts'

export const ipRanges: z.ZodType<string[], string> = list.pipe(z.array(z.string().refine(isIpRange)))

/** The address of a server, or of a path on it. */
export const baseUrl: z.ZodType<string, string> = z.string().refine((url) => {
  if (!URL.canParse(url)) return false
  const { protocol, search, hash, username, password, pathname } = new URL(url)
  const hasOnlyPath = `${search}${hash}${username}${password}` === ''
  return /^https?:$/.test(protocol) && hasOnlyPath && /^[\w./~-]*$/.test(pathname) && !pathname.includes('//')
})

/** Without a path, since a signature covers it and S3 clients cannot be told that a proxy removes a part of it. */
export const origin: z.ZodType<string, string> = baseUrl.refine(
  (url) => URL.canParse(url) && new URL(url).pathname === '/',
)

export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i.test(host)
}
