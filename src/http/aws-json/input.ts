/**
 * The members of a request in AWS's JSON protocol. A member of the wrong type is a SerializationException, one that
 * violates its constraint a ValidationException, both in AWS's words.
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

type Members = Readonly<Record<string, unknown>>

export class JsonInput {
  readonly #members: Members

  constructor(members: Members) {
    this.#members = members
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined
  }

  find(name: string, rule: TextRule = {}): string | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw wrongType(value, 'a String')
    const violated = violatedBy(value, rule)
    if (violated !== undefined) throw invalid(value, name, violated)
    return value
  }

  get(name: string, rule: TextRule = {}): string {
    return this.#given(name, this.find(name, rule))
  }

  findNumber(name: string, range: { readonly min: number; readonly max: number }): number | undefined {
    const value = this.#value(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(value, 'an Integer')
    const violated = violatedByNumber(value, range)
    if (violated !== undefined) throw invalid(String(value), name, violated)
    return value
  }

  findFlag(name: string): boolean | undefined {
    const value = this.#value(name)
    if (value === undefined || typeof value === 'boolean') return value
    throw wrongType(value, 'a Boolean')
  }

  findChoice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.find(name)
    const choice = choices.find((one) => one === value)
    if (value !== undefined && choice === undefined) throw invalid(value, name, notInSet(choices))
    return choice
  }

  /** Bytes in base64. The range is about the bytes. */
  findBytes(name: string, range: { readonly min: number; readonly max: number }): Buffer | undefined {
    const text = this.find(name)
    if (text === undefined) return undefined
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw wrongType(text, 'a Blob')
    const bytes = Buffer.from(text, 'base64')
    const { min, max } = range
    if (bytes.length < min) throw invalid(undefined, name, `Member must have length greater than or equal to ${min}`)
    if (bytes.length > max) throw invalid(undefined, name, `Member must have length less than or equal to ${max}`)
    return bytes
  }

  getBytes(name: string, range: { readonly min: number; readonly max: number }): Buffer {
    return this.#given(name, this.findBytes(name, range))
  }

  /** A map of texts; empty if there is none. */
  texts(name: string): Record<string, string> {
    const value = this.#value(name)
    if (value === undefined) return {}
    if (!isRecord(value)) throw wrongType(value, 'a Map')
    const wrong = Object.values(value).find((one) => typeof one !== 'string')
    if (wrong !== undefined) throw wrongType(wrong, 'a String')
    return value as Record<string, string>
  }

  /** A list of texts; undefined if there is none. */
  findList(name: string, rule: TextRule = {}): string[] | undefined {
    return this.#list(name)?.map((value, at) => {
      if (typeof value !== 'string') throw wrongType(value, 'a String')
      const violated = violatedBy(value, rule)
      if (violated !== undefined) throw invalid(value, `${name}.member.${at + 1}`, violated)
      return value
    })
  }

  /** A list of structures; undefined if there is none. */
  findStructures(name: string): JsonInput[] | undefined {
    return this.#list(name)?.map((value) => {
      if (!isRecord(value)) throw wrongType(value, 'a Structure')
      return new JsonInput(value)
    })
  }

  missing(name: string): ApiError {
    return invalid(null, name, absent)
  }

  #given<T>(name: string, value: T | undefined): T {
    if (value === undefined) throw this.missing(name)
    return value
  }

  /** `null` counts as absent. */
  #value(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? (this.#members[name] ?? undefined) : undefined
  }

  #list(name: string): unknown[] | undefined {
    const value = this.#value(name)
    if (value !== undefined && !Array.isArray(value)) throw wrongType(value, 'a List')
    return value
  }
}

export const isRecord = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const invalid = (value: string | null | undefined, name: string, constraint: string): ApiError =>
  new ApiError('ValidationException', { message: violation(value, name, constraint) })

const wrongType = (value: unknown, wanted: string): ApiError =>
  new ApiError('SerializationException', { message: `${nameOfType(value)} can not be converted to ${wanted}` })

/** The names of JSON's types in the messages of AWS's parser. */
function nameOfType(value: unknown): string {
  if (Array.isArray(value)) return 'START_ARRAY'
  if (typeof value === 'object') return 'START_OBJECT'
  if (typeof value === 'boolean') return `${String(value).toUpperCase()}_VALUE`
  return typeof value === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE'
}
