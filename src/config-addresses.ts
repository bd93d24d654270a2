/** Settings that speak of addresses. */
import * as z from 'zod'
import { isIpRange } from '#policy/ip-range.ts'
import { list } from './config-schemas.ts'

export const ipRanges: z.ZodType<string[], string> = list.pipe(z.array(z.string().refine(isIpRange)))

export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i.test(host)
}
