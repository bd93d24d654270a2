import type { PrincipalElement, PrincipalKind } from './document.ts'
import { mistake, type Sentences } from './sentences.ts'

const kinds: readonly string[] = ['AWS', 'CanonicalUser', 'Federated', 'Service'] satisfies PrincipalKind[]

/** `"*"`, or an object of kinds, each with one name or an array of them. */
export function parsePrincipal(
  statement: Record<string, unknown>,
  sentences: Sentences,
  path: string,
): PrincipalElement {
  const isNegated = 'NotPrincipal' in statement
  const element = isNegated ? 'NotPrincipal' : 'Principal'
  const value = statement[element]
  const fail = (where: string, kind: string, name: unknown) =>
    mistake(sentences.code, sentences.principal(kind, String(name)), `${path}.${element}${where}`)
  if (value === '*') return { isNegated, isEveryone: true, names: [] }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('', 'AWS', value)
  const names: PrincipalElement['names'][number][] = []
  let isEveryone = false
  for (const [kind, given] of Object.entries(value)) {
    const listed: unknown[] = Array.isArray(given) ? given : [given]
    if (!kinds.includes(kind) || listed.length === 0) throw fail(`.${kind}`, kind, given)
    for (const name of listed) {
      if (typeof name !== 'string' || name === '') throw fail(`.${kind}: ${String(name)}`, kind, name)
      if (kind === 'AWS' && name === '*') isEveryone = true
      else names.push({ kind: kind as PrincipalKind, name })
    }
  }
  if (names.length === 0 && !isEveryone) throw fail('', 'AWS', '')
  return { isNegated, isEveryone, names }
}
