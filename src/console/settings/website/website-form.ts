/** A website configuration as fields of a form. */
import { assertWebsite, type RoutingRule, type Website } from '#model/bucket/website/website.ts'
import { refusalOf } from '#model/errors.ts'

/** The configuration as it is typed. */
export interface TypedWebsite {
  readonly type: 'host' | 'redirect'
  readonly index: string
  readonly error: string
  readonly host: string
  readonly protocol: string
  readonly rules: readonly TypedRule[]
}

export interface TypedRule {
  readonly prefix: string
  readonly errorCode: string
  readonly host: string
  readonly protocol: string
  readonly code: string
  readonly replace: 'nothing' | 'prefix' | 'key'
  readonly replacement: string
}

export const newWebsite: TypedWebsite = {
  type: 'host',
  index: 'index.html',
  error: '',
  host: '',
  protocol: '',
  rules: [],
}

export const newRule: TypedRule = {
  prefix: '',
  errorCode: '',
  host: '',
  protocol: '',
  code: '',
  replace: 'nothing',
  replacement: '',
}

export function typedWebsite(website: Website): TypedWebsite {
  if ('redirectAll' in website) {
    const { hostName, protocol = '' } = website.redirectAll
    return { ...newWebsite, type: 'redirect', host: hostName, protocol }
  }
  const { indexSuffix, errorKey = '', rules = [] } = website
  return { ...newWebsite, index: indexSuffix, error: errorKey, rules: rules.map(typedRule) }
}

function typedRule({ condition, redirect }: RoutingRule): TypedRule {
  const { hostName, protocol, code, replaceKey, replaceKeyPrefix } = redirect
  return {
    prefix: condition?.keyPrefix ?? '',
    errorCode: condition?.errorCode?.toString() ?? '',
    host: hostName ?? '',
    protocol: protocol ?? '',
    code: code?.toString() ?? '',
    replace: replaceKey !== undefined ? 'key' : replaceKeyPrefix !== undefined ? 'prefix' : 'nothing',
    replacement: replaceKey ?? replaceKeyPrefix ?? '',
  }
}

export function typedIn(form: URLSearchParams): TypedWebsite {
  const text = (name: string) => form.get(name)?.trim() ?? ''
  const all = (name: string) => form.getAll(name).map((value) => value.trim())
  const names = ['errorCode', 'ruleHost', 'ruleProtocol', 'code', 'replace', 'replacement'] as const
  const [errorCodes, hosts, protocols, codes, replaces, replacements] = names.map(all)
  return {
    type: text('type') === 'redirect' ? 'redirect' : 'host',
    index: text('index'),
    error: text('error'),
    host: text('host'),
    protocol: text('protocol'),
    rules: all('prefix').map((prefix, at) => ({
      prefix,
      errorCode: errorCodes?.[at] ?? '',
      host: hosts?.[at] ?? '',
      protocol: protocols?.[at] ?? '',
      code: codes?.[at] ?? '',
      replace: replaceOf(replaces?.[at]),
      replacement: replacements?.[at] ?? '',
    })),
  }
}

const replaceOf = (text: string | undefined): TypedRule['replace'] =>
  text === 'prefix' || text === 'key' ? text : 'nothing'

/** The configuration, or the mistake in it as one sentence. */
export function assertTyped(typed: TypedWebsite): { readonly website: Website } | { readonly problem: string } {
  if (typed.type === 'redirect') {
    const { host, protocol } = typed
    if (!isHost(host)) return { problem: hostRules }
    return checked({ redirectAll: { hostName: host, ...(protocol !== '' && { protocol }) } })
  }
  const rules: RoutingRule[] = []
  for (const [at, one] of typed.rules.entries()) {
    const rule = ruleOf(one)
    const problem = problemOf(one, rule)
    if (problem !== undefined) return { problem: `Rule ${at + 1}: ${problem}` }
    rules.push(rule)
  }
  const { index, error } = typed
  return checked({
    indexSuffix: index,
    ...(error !== '' && { errorKey: error }),
    ...(rules.length > 0 && { rules }),
  })
}

const isHost = (text: string) => /^[\w.:[\]-]+$/.test(text)
const hostRules = 'Enter a host name such as www.example.com, if necessary with a port, without scheme and path.'

function ruleOf({ prefix, errorCode, host, protocol, code, replace, replacement }: TypedRule): RoutingRule {
  const condition = {
    ...(prefix !== '' && { keyPrefix: prefix }),
    ...(errorCode !== '' && { errorCode: Number(errorCode) }),
  }
  return {
    ...(Object.keys(condition).length > 0 && { condition }),
    redirect: {
      ...(host !== '' && { hostName: host }),
      ...(protocol !== '' && { protocol }),
      ...(code !== '' && { code: Number(code) }),
      ...(replace === 'prefix' && { replaceKeyPrefix: replacement }),
      ...(replace === 'key' && { replaceKey: replacement }),
    },
  }
}

function problemOf({ host, errorCode, code }: TypedRule, rule: RoutingRule): string | undefined {
  if (host !== '' && !isHost(host)) return hostRules
  if (!/^\d{0,3}$/.test(errorCode)) return 'HttpErrorCodeReturnedEquals is a status such as 404.'
  if (!/^\d{0,3}$/.test(code)) return 'HttpRedirectCode is a status such as 301.'
  if (Object.keys(rule.redirect).length === 0) return 'it has no target to redirect to.'
  const answer = checked({ indexSuffix: 'index.html', rules: [rule] })
  return 'problem' in answer ? answer.problem : undefined
}

function checked(website: Website): { readonly website: Website } | { readonly problem: string } {
  try {
    assertWebsite(website)
    return { website }
  } catch (error) {
    return { problem: refusalOf(error).message }
  }
}
