/** Dates of HTTP: RFC 9110 §5.6.7. */
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const time = '(\\d\\d):(\\d\\d):(\\d\\d)'
/** `Sun, 06 Nov 1994 08:49:37 GMT`, the format to write. */
const fixed = new RegExp(`^[A-Z][a-z]{2}, (\\d\\d) ([A-Z][a-z]{2}) (\\d{4}) ${time} GMT$`)
/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
const rfc850 = new RegExp(`^[A-Z][a-z]{5,8}, (\\d\\d)-([A-Z][a-z]{2})-(\\d\\d) ${time} GMT$`)
/** `Sun Nov  6 08:49:37 1994`. */
const asctime = new RegExp(`^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ( \\d|\\d\\d) ${time} (\\d{4})$`)

/** Milliseconds since 1970; undefined for anything but the three formats of HTTP. */
export function parseHttpDate(text: string): number | undefined {
  const [, day, month, year, hour, minute, second] = fixed.exec(text) ?? []
  if (day !== undefined) return dateOf(Number(year), month, Number(day), hour, minute, second)
  const old = rfc850.exec(text)
  if (old !== null) return dateOf(fullYear(Number(old[3])), old[2], Number(old[1]), old[4], old[5], old[6])
  const c = asctime.exec(text)
  if (c !== null) return dateOf(Number(c[6]), c[1], Number(c[2]), c[3], c[4], c[5])
  return undefined
}

/** Two-digit years are at most 50 years ahead. */
function fullYear(twoDigits: number): number {
  const now = new Date().getUTCFullYear()
  const year = now - (now % 100) + twoDigits
  return year > now + 50 ? year - 100 : year
}

function dateOf(year: number, month: string | undefined, day: number, ...clock: (string | undefined)[]) {
  const index = months.indexOf(month ?? '')
  const [hour = 0, minute = 0, second = 0] = clock.map(Number)
  if (index < 0 || hour > 23 || minute > 59 || second > 60) return undefined
  const ms = Date.UTC(year, index, day, hour, minute, second)
  // An invalid day would count into the next month.
  return day >= 1 && new Date(Date.UTC(year, index, day)).getUTCDate() === day ? ms : undefined
}
