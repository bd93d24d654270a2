/** The smallest policy that allows the used actions. Pure. */

export interface UsedAction {
  readonly action: string
  /** ARN, or `*`. */
  readonly resource: string
}

export interface LeastPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly { readonly Effect: 'Allow'; readonly Action: string[]; readonly Resource: string[] }[]
}

/** Actions on the same resources share a statement. A resource covered by a wider one is left out. */
export function leastPolicyFor(uses: readonly UsedAction[]): LeastPolicy {
  const byAction = new Map<string, Set<string>>()
  for (const { action, resource } of uses) {
    const resources = byAction.get(action) ?? new Set()
    byAction.set(action, resources.add(resource))
  }
  const statements = new Map<string, { Effect: 'Allow'; Action: string[]; Resource: string[] }>()
  for (const [action, resources] of [...byAction].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const widest = [...resources].filter((one) => ![...resources].some((other) => covers(other, one))).sort()
    const statement = statements.get(widest.join(' ')) ?? { Effect: 'Allow', Action: [], Resource: widest }
    statement.Action.push(action)
    statements.set(widest.join(' '), statement)
  }
  return { Version: '2012-10-17', Statement: [...statements.values()] }
}

const covers = (wide: string, narrow: string): boolean =>
  wide !== narrow && wide.endsWith('*') && narrow.startsWith(wide.slice(0, -1))
