/** The parameters after the question mark of an address. */
import type * as z from 'zod'

interface Parameter {
  /** Undefined: it is not given. */
  readonly schema: z.ZodType<unknown, string | undefined>
  /** What it must be. */
  readonly allowed: string
}

type Values<P extends Readonly<Record<string, Parameter>>> = { [Name in keyof P]: z.output<P[Name]['schema']> }

export function parameter<T>(schema: z.ZodType<T, string | undefined>, allowed: string) {
  return { schema, allowed }
}

const shownMax = 100

/**
 * Undefined if one is wrong or unknown. `mistakes` gets what the address cannot have: the end of a sentence, without
 * secrets.
 */
export function readParameters<P extends Readonly<Record<string, Parameter>>>(
  query: string,
  known: P,
  mistakes: string[],
): Values<P> | undefined {
  // With @, this may be the rest of a password that contains a question mark.
  const mayShow = !/@|%40/.test(query)
  const given = new URLSearchParams(query)
  const values: Record<string, unknown> = {}
  const found: string[] = []
  for (const name of new Set(given.keys())) {
    if (Object.hasOwn(known, name)) continue
    const which = mayShow && /^[\w-]{1,40}$/.test(name) ? `the parameter ${name}` : 'a parameter of that name'
    found.push(`cannot have ${which}: it can have ${Object.keys(known).join(', ')}.`)
  }
  for (const [name, { schema, allowed }] of Object.entries(known)) {
    const text = given.getAll(name).at(-1)
    const result = schema.safeParse(text)
    if (result.success) values[name] = result.data
    else
      found.push(
        `cannot have ${mayShow ? `${name}=${text?.slice(0, shownMax)}` : `this ${name}`}: it must be ${allowed}.`,
      )
  }
  mistakes.push(...found)
  return found.length === 0 ? (values as Values<P>) : undefined
}
