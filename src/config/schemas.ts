/** Parsers of settings. Sizes are in bytes, durations in milliseconds. */
import * as z from 'zod'

export interface RateLimit {
  readonly requests: number
  readonly windowMs: number
}

export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
}

const units: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** `1073741824`, `64MiB`, `5G`. */
export function size(): z.ZodType<number, string> {
  return parsed((value) => {
    const [, digits, unit] = /^(\d{1,15})\s*([kmgt]?)(?:i?b)?$/i.exec(value) ?? []
    const bytes = Number(digits) * (units[unit?.toLowerCase() ?? ''] ?? Number.NaN)
    return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined
  })
}

const windows: Record<string, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** `200 per minute`, `10/second`, `5 per 10 seconds`; `off` is false. */
export function rateLimit(): z.ZodType<RateLimit | false, string> {
  return parsed((value) => {
    if (/^(off|none|0)$/i.test(value)) return false
    const [, requests, times, unit] =
      /^([1-9]\d{0,8})\s*(?:per|\/)\s*([1-9]\d{0,5})?\s*(second|minute|hour|day)s?$/i.exec(value) ?? []
    const windowMs = Number(times ?? 1) * (windows[unit?.toLowerCase() ?? ''] ?? Number.NaN)
    return Number.isNaN(windowMs) ? undefined : { requests: Number(requests), windowMs }
  })
}

/** Milliseconds from `7 days` or `12 hours`; `off` is false. */
export function interval(): z.ZodType<number | false, string> {
  return parsed((value) => {
    if (/^off$/i.test(value)) return false
    const [, times, unit] = /^([1-9]\d{0,5})\s*(second|minute|hour|day)s?$/i.exec(value) ?? []
    const ms = Number(times) * (windows[unit?.toLowerCase() ?? ''] ?? Number.NaN)
    return Number.isNaN(ms) ? undefined : ms
  })
}

const levels: Record<string, string> = { warning: 'warn', critical: 'fatal', off: 'silent' }
const pinoLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Names of Python's log levels are accepted too. */
export function logLevel(): z.ZodType<string, string> {
  return parsed((value) => {
    const level = value.toLowerCase()
    return pinoLevels.find((known) => known === (levels[level] ?? level))
  })
}

export const onOff: z.ZodType<boolean, string> = z.stringbool({
  truthy: ['on', 'true', '1', 'yes'],
  falsy: ['off', 'false', '0', 'no'],
})

/** A list separated by commas; empty items are left out. */
export const list: z.ZodType<string[], string> = z
  .string()
  .transform((value) => value.split(',').flatMap((item) => item.trim() || []))

export const hosts: z.ZodType<string[], string> = listOf(/^[a-z0-9._:[\]-]+$/i)

export function listOf(item: RegExp): z.ZodType<string[], string> {
  return list.pipe(z.array(z.string().regex(item)))
}

export function matching(pattern: RegExp): z.ZodType<string, string> {
  return z.string().regex(pattern)
}

/** `parse` gives `mistakes` ends of sentences that start with the name of the setting, without secrets. */
export function address<T>(parse: (text: string, mistakes: string[]) => T | undefined): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const mistakes: string[] = []
    const result = parse(text, mistakes)
    if (result !== undefined) return result
    context.addIssue({ code: 'custom', message: 'not understood', params: { mistakes } })
    return z.NEVER
  })
}

/** What `address` found. */
export function mistakesOf({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) => (issue.code === 'custom' ? ((issue.params?.mistakes ?? []) as string[]) : []))
}

function parsed<T>(parse: (value: string) => T | undefined): z.ZodType<T, string> {
  return z.string().transform((value, context) => {
    const result = parse(value.trim())
    if (result === undefined) {
      context.addIssue('not understood')
      return z.NEVER
    }
    return result
  })
}
