/** CORS rules as fields of a form. */
import { assertCorsRules, type CorsRule } from '#model/bucket/cors.ts'
import { refusalOf } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** A rule as it is typed; lists have one value on each line. */
export interface TypedRule {
  readonly id: string
  readonly origins: string
  readonly methods: readonly string[]
  readonly headers: string
  readonly expose: string
  readonly maxAge: string
}

/** A rule for uploads and downloads by a page. */
export const newRule: TypedRule = {
  id: '',
  origins: '',
  methods: ['GET'],
  headers: '*',
  expose: 'ETag',
  maxAge: '3600',
}

export function typedRule(rule: CorsRule): TypedRule {
  return {
    id: rule.id ?? '',
    origins: rule.allowedOrigins.join('\n'),
    methods: rule.allowedMethods,
    headers: rule.allowedHeaders.join('\n'),
    expose: rule.exposeHeaders.join('\n'),
    maxAge: rule.maxAgeSeconds === undefined ? '' : String(rule.maxAgeSeconds),
  }
}

/** The value of a method's checkbox contains the number of its rule, as `1 GET`. */
export function typedIn(form: URLSearchParams): TypedRule[] {
  const values = (name: string) => form.getAll(name).map((text) => text.trim())
  const [ids, headers, expose, maxAges] = [values('id'), values('headers'), values('expose'), values('maxAge')]
  const checked = values('methods').map((text) => text.split(' '))
  return values('origins').map((origins, at) => ({
    id: ids[at] ?? '',
    origins,
    methods: checked.flatMap(([rule, method = '']) => (rule === String(at + 1) ? [method] : [])),
    headers: headers[at] ?? '',
    expose: expose[at] ?? '',
    maxAge: maxAges[at] ?? '',
  }))
}

/** The rules, or the mistake in them as one sentence. */
export function assertTyped(
  typed: readonly TypedRule[],
): { readonly rules: readonly CorsRule[] } | { readonly problem: string } {
  const rules: CorsRule[] = []
  for (const [at, one] of typed.entries()) {
    const rule = ruleOf(one)
    const problem = problemOf(one, rule)
    if (problem !== undefined) return { problem: `Rule ${at + 1}: ${problem}` }
    rules.push(rule)
  }
  if (rules.length > limits.corsRulesMax) return { problem: `A bucket has at most ${limits.corsRulesMax} rules.` }
  if (JSON.stringify(rules).length > limits.corsBytes) return { problem: 'All rules together may have 64 KiB.' }
  return { rules }
}

function ruleOf({ id, origins, methods, headers, expose, maxAge }: TypedRule): CorsRule {
  return {
    ...(id !== '' && { id }),
    allowedOrigins: valuesIn(origins),
    allowedMethods: methods,
    allowedHeaders: valuesIn(headers),
    exposeHeaders: valuesIn(expose),
    ...(maxAge !== '' && { maxAgeSeconds: Number(maxAge) }),
  }
}

const valuesIn = (text: string): string[] => text.split(/[\s,]+/).filter((value) => value !== '')

function problemOf({ maxAge }: TypedRule, rule: CorsRule): string | undefined {
  if (rule.allowedOrigins.length === 0) return 'AllowedOrigins is empty.'
  if (rule.allowedMethods.length === 0) return 'no AllowedMethods are selected.'
  if (!/^-?\d{0,9}$/.test(maxAge)) return 'MaxAgeSeconds is a number of seconds.'
  try {
    assertCorsRules([rule])
    return undefined
  } catch (error) {
    return refusalOf(error).message
  }
}
