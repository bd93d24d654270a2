/** Checks that S3 makes in a bucket policy, for statements that could never apply. */
import { type ActionRow, actions, isS3Key, understandsKey } from '#policy/actions.ts'
import { compileActionPattern, compilePattern, contextKey } from '#policy/evaluate/pattern.ts'
import type { ListElement, ParseOptions, PolicyDocument, PrincipalElement, Statement } from './document.ts'
import { accountNamed } from './principal.ts'
import { mistake } from './sentences.ts'

const s3Actions = [...actions.values()].filter((row) => row.name.startsWith('s3:'))

export function checkResourcePolicy(document: PolicyDocument, options: ParseOptions): void {
  const hasVariables = document.version === '2012-10-17'
  document.statements.forEach((statement, index) => {
    const path = `Statement[${index}]`
    checkPrincipal(statement, path, options)
    const listed = statement.action.values.map((value) =>
      actionsNamed(value, `${path}.${nameOf('Action', statement.action)}`),
    )
    if (statement.resource !== undefined) {
      checkResources(statement.resource, `${path}.${nameOf('Resource', statement.resource)}`, hasVariables, options)
    }
    checkConditions(statement, listed, path)
    checkApplies(statement, listed, path)
  })
}

const fail = (message: string, path: string) => mistake('MalformedPolicy', message, path)

const nameOf = (name: string, { isNegated }: ListElement) => (isNegated ? `Not${name}` : name)

function checkPrincipal({ principal, effect }: Statement, path: string, { principalExists }: ParseOptions): void {
  if (principal === undefined) return
  const at = `${path}.${principal.isNegated ? 'NotPrincipal' : 'Principal'}`
  // AWS refuses an Allow for everyone except a few.
  if (principal.isNegated && effect === 'Allow') throw fail('Allow with NotPrincipal is not allowed.', at)
  for (const name of unknownNames(principal, principalExists))
    throw fail('Invalid principal in policy', `${at}: ${name}`)
}

/** Names of principals that do not exist, as far as this can be checked. */
export function* unknownNames(
  { names }: PrincipalElement,
  principalExists: ParseOptions['principalExists'],
): Iterable<string> {
  for (const { kind, name } of names) {
    if (kind === 'AWS' || kind === 'CanonicalUser') {
      // A wildcard in a principal matches nothing, unless it is the whole principal. Accounts and sessions are not
      // checked: they may be elsewhere, or not exist yet.
      const isTrusted = /^arn:[a-z-]+:(iam::[^:]*:root$|sts:)/.test(name) || accountNamed(name) !== undefined
      if (/[*?]/.test(name) || (!isTrusted && principalExists?.(name) === false)) yield name
    }
  }
}

/** The actions that a pattern matches: only actions of S3, at least one. */
function actionsNamed(value: string, path: string): readonly ActionRow[] {
  const matches = compileActionPattern(value)
  const rows = s3Actions.filter((row) => matches(row.name.toLowerCase()))
  if (rows.length === 0 || !/^(\*|s3:[a-z*?]+)$/i.test(value))
    throw fail('Policy has invalid action', `${path}: ${value}`)
  return rows
}

function checkResources(resource: ListElement, path: string, hasVariables: boolean, { bucket }: ParseOptions): void {
  for (const value of resource.values) {
    const name = /^arn:[a-z-]+:s3:::([^/]+)(\/.*)?$/s.exec(value)?.[1]
    const isOurs =
      name !== undefined &&
      (bucket === undefined ||
        (hasVariables && name.includes('${')) ||
        compilePattern(name, { hasVariables: false, hasWildcards: true }).matches(bucket, () => undefined))
    if (!isOurs) throw fail('Policy has invalid resource', `${path}: ${value}`)
  }
}

/**
 * An action on buckets needs a bucket ARN, without a slash. An action on objects with only a bucket ARN is accepted, as
 * ceph/s3-tests expects: it allows nothing.
 */
function checkApplies({ action, resource }: Statement, listed: readonly (readonly ActionRow[])[], path: string): void {
  if (action.isNegated || resource === undefined || resource.isNegated) return
  const hasBucket = resource.values.some((value) => !value.includes('/'))
  listed.forEach((rows, index) => {
    const applies = rows.some(({ kind }) => kind === 'object' || (kind === 'bucket' && hasBucket))
    if (applies) return
    throw fail('Action does not apply to any resource(s) in statement', `${path}.Action: ${action.values[index]}`)
  })
}

function checkConditions(statement: Statement, listed: readonly (readonly ActionRow[])[], path: string): void {
  for (const { operator, key } of statement.conditions) {
    const lower = contextKey(key).toLowerCase()
    const at = `${path}.Condition.${operator}.${key}`
    if (!isS3Key(lower)) throw fail('Policy has an invalid condition key', at)
    const isUnderstood = listed.every((rows) => rows.some((row) => understandsKey(row, lower)))
    if (isUnderstood || statement.action.isNegated) continue
    throw fail('Conditions do not apply to combination of actions and resources in statement', at)
  }
}
