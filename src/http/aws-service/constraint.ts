/** The constraints of parameters, and AWS's message about a value that violates one. */

export interface TextRule {
  readonly min?: number
  readonly max?: number
  readonly pattern?: RegExp
}

/** The first constraint that the text violates. */
export function violatedBy(value: string, { min = 0, max = Number.POSITIVE_INFINITY, pattern }: TextRule) {
  if (value.length < min) return `Member must have length greater than or equal to ${min}`
  if (value.length > max) return `Member must have length less than or equal to ${max}`
  if (pattern !== undefined && !pattern.test(value)) {
    return `Member must satisfy regular expression pattern: ${pattern.source}`
  }
  return undefined
}

/** The constraint that a number outside the range violates. */
export function violatedByNumber(value: number, range: { readonly min: number; readonly max: number }) {
  if (value < range.min) return `Member must have value greater than or equal to ${range.min}`
  if (value > range.max) return `Member must have value less than or equal to ${range.max}`
  return undefined
}

export const notInSet = (choices: readonly string[]): string =>
  `Member must satisfy enum value set: [${choices.join(', ')}]`

export const absent = 'Member must not be null'

const shownMax = 200

/**
 * `value`: null if it is missing, undefined if it is not shown. `name`: `Tags.member.1.Key` is `tags.1.member.key`, as
 * AWS names it.
 */
export function violation(value: string | null | undefined, name: string, constraint: string): string {
  const place = name.replace(/\.member\.(\d+)/g, '.$1.member').replace(/(^|\.)[A-Z]/g, (start) => start.toLowerCase())
  const shown = value === undefined ? '' : value === null ? ' null' : ` '${value.slice(0, shownMax)}'`
  return `1 validation error detected: Value${shown} at '${place}' failed to satisfy constraint: ${constraint}`
}
