/**
 * Actions that nobody has: a slip of the pen that would silently grant or deny nothing. AWS lets them pass in identity policies; here
 * they are refused for the services that are served, and other services' are nobody's business.
 */
import { ApiError } from '#model/errors.ts'
import { actions } from '#policy/actions.ts'
import type { PolicyDocument } from '#policy/document.ts'
import { compileActionPattern } from '#policy/pattern.ts'

const served = /^(s3|iam|sts):/i
const names = [...actions.keys()]

/** Its place, as `Statement[1].Action`, and itself. */
export interface UnknownAction {
  readonly statement: number
  readonly element: 'Action' | 'NotAction'
  readonly action: string
}

export function findUnknownAction({ statements }: PolicyDocument): UnknownAction | undefined {
  for (const [statement, { action }] of statements.entries()) {
    const unknown = action.values.find((value) => served.test(value) && !isKnown(value))
    if (unknown === undefined) continue
    return { statement, element: action.isNegated ? 'NotAction' : 'Action', action: unknown }
  }
  return undefined
}

/** MalformedPolicyDocument. */
export function assertKnownActions(document: PolicyDocument): void {
  const unknown = findUnknownAction(document)
  if (unknown === undefined) return
  throw new ApiError('MalformedPolicyDocument', {
    message: `The policy has an unknown action: ${unknown.action}`,
    fields: { Detail: `Statement[${unknown.statement}].${unknown.element}` },
  })
}

const known = new Map<string, boolean>()
const knownMax = 10_000

function isKnown(value: string): boolean {
  const action = value.toLowerCase()
  if (actions.has(action)) return true
  const remembered = known.get(action)
  if (remembered !== undefined) return remembered
  const matches = compileActionPattern(action)
  const found = names.some((name) => matches(name))
  if (known.size >= knownMax) known.clear()
  known.set(action, found)
  return found
}
