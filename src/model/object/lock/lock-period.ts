/** A period of Object Lock, in days or in years. */
import { ApiError } from '#model/errors.ts'

export type LockPeriod = { readonly days: number } | { readonly years: number }

const daysMax = 36_500
const yearsMax = 100
const dayMs = 86_400_000

/** Days have 24 hours; years are those of the calendar. */
export function afterPeriod(fromMs: number, period: LockPeriod): number {
  if ('days' in period) return fromMs + period.days * dayMs
  const date = new Date(fromMs)
  const month = date.getUTCMonth()
  date.setUTCFullYear(date.getUTCFullYear() + period.years)
  // 29 February, in a year without one.
  if (date.getUTCMonth() !== month) date.setUTCDate(0)
  return date.getTime()
}

/** Days as conditions of policies count them. */
export const daysOfPeriod = (period: LockPeriod): number => ('days' in period ? period.days : period.years * 365)

/**
 * Parses the days or years of `what`. With neither the result is undefined, with both an Error; a value out of range is
 * InvalidArgument.
 */
export function parsePeriod(
  { days, years }: { readonly days?: string | undefined; readonly years?: string | undefined },
  what: string,
  [daysName, yearsName]: readonly [days: string, years: string] = ['Days', 'Years'],
): LockPeriod | undefined {
  if (days !== undefined && years !== undefined) throw new Error('either days or years')
  if (days !== undefined) return { days: parseCount(days, daysMax, what, daysName) }
  return years === undefined ? undefined : { years: parseCount(years, yearsMax, what, yearsName) }
}

function parseCount(text: string, max: number, what: string, name: string): number {
  if (!/^\s*[+-]?\d{1,10}\s*$/.test(text)) throw new Error(`${text} is not a number`)
  const count = Number(text)
  if (count > 0 && count <= max) return count
  throw new ApiError('InvalidArgument', {
    message: count > max ? `${what} period too large.` : `${what} period must be a positive integer value.`,
    fields: { ArgumentName: name, ArgumentValue: text.trim() },
  })
}
