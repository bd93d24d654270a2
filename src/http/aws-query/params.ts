/**
 * The parameters of a request in AWS's Query protocol: flat names, with lists such as `Tags.member.1.Key`. Mistakes are
 * reported in AWS's words. https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html
 */
import {
  absent,
  notInSet,
  type TextRule,
  violatedBy,
  violatedByNumber,
  violation,
} from '#http/aws-service/constraint.ts'
import { ApiError } from '#model/errors.ts'

export class QueryParams {
  readonly #values: ReadonlyMap<string, string>

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  /** ValidationError. */
  find(name: string, rule: TextRule = {}): string | undefined {
    const value = this.#values.get(name)
    if (value !== undefined) check(value, name, rule)
    return value
  }

  /** ValidationError. */
  get(name: string, rule: TextRule = {}): string {
    const value = this.find(name, rule)
    if (value === undefined) throw invalid(null, name, absent)
    return value
  }

  /** ValidationError. */
  findNumber(name: string, range: { min: number; max: number }): number | undefined {
    const text = this.#values.get(name)
    if (text === undefined) return undefined
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (Number.isNaN(value)) throw invalid(text, name, 'Member must be an integer')
    const violated = violatedByNumber(value, range)
    if (violated !== undefined) throw invalid(text, name, violated)
    return value
  }

  /** ValidationError. */
  findFlag(name: string): boolean | undefined {
    const text = this.find(name, { pattern: /^(true|false)$/i })
    return text === undefined ? undefined : text.toLowerCase() === 'true'
  }

  /** One of the choices. ValidationError. */
  findChoice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const choice = choices.find((one) => one === value)
    if (choice === undefined) throw invalid(value, name, notInSet(choices))
    return choice
  }

  /** Texts of a list, in order; empty if there is none. ValidationError. */
  list(name: string, rule: TextRule & { readonly maxItems?: number } = {}): string[] {
    return this.#places(name, rule.maxItems).map((place) => this.get(place, rule))
  }

  /** Structures of a list, in order; empty if there is none. ValidationError. */
  structures(name: string, maxItems?: number): QueryParams[] {
    return this.#places(name, maxItems).map((place) => {
      const own = [...this.#values].filter(([key]) => key.startsWith(`${place}.`))
      return new QueryParams(new Map(own.map(([key, value]) => [key.slice(place.length + 1), value])))
    })
  }

  /** `Tags.member.1`, `Tags.member.2`... up to the last one given. */
  #places(name: string, maxItems = 1000): string[] {
    const prefix = `${name}.member.`
    const numbers = new Set<number>()
    for (const key of this.#values.keys()) {
      if (!key.startsWith(prefix)) continue
      const number = Number(key.slice(prefix.length).split('.', 1)[0])
      if (Number.isSafeInteger(number) && number > 0) numbers.add(number)
    }
    if (numbers.size > maxItems) {
      throw invalid(`[${numbers.size}]`, name, `Member must have length less than or equal to ${maxItems}`)
    }
    return [...numbers].sort((a, b) => a - b).map((number) => prefix + number)
  }
}

function check(value: string, name: string, rule: TextRule): void {
  const violated = violatedBy(value, rule)
  if (violated !== undefined) throw invalid(value, name, violated)
}

const invalid = (value: string | null, name: string, constraint: string): ApiError =>
  new ApiError('ValidationError', { message: violation(value, name, constraint) })
