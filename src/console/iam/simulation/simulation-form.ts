/** The typed request of a simulation: actions, which may have wildcards, a resource, and condition keys. */
import { ApiError } from '#model/errors.ts'
import { actions, type ResourceKind } from '#policy/actions.ts'
import { compileActionPattern } from '#policy/evaluate/pattern.ts'

export interface Simulation {
  readonly actions: readonly string[]
  /** More actions match than are simulated. */
  readonly isCut: boolean
  readonly resource: string
  readonly context: Readonly<Record<string, readonly string[]>>
}

const actionsMax = 60
const contextMax = 50
const rows = [...actions.entries()]

/** ValidationError, which names the mistake. */
export function parseSimulation(typed: { actions: string; resource: string; context: string }): Simulation {
  const resource = typed.resource.trim() || '*'
  if (resource.length > 2048 || !/^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+)$/s.test(resource)) {
    throw invalid('A resource is an ARN such as arn:aws:s3:::bucket/key, or *.')
  }
  const patterns = typed.actions.split(/[\s,]+/).filter((one) => one !== '')
  if (patterns.length === 0) throw invalid('Enter at least one action such as s3:GetObject.')
  if (patterns.length > actionsMax) throw invalid(`Name up to ${actionsMax} actions at once.`)
  const asked = new Set(patterns.flatMap((pattern) => expand(pattern, kindOf(resource))))
  if (asked.size === 0) throw invalid('None of these actions applies to this resource.')
  return {
    actions: [...asked].slice(0, actionsMax),
    isCut: asked.size > actionsMax,
    resource,
    context: parseContext(typed.context),
  }
}

function expand(pattern: string, kind: ResourceKind | undefined): string[] {
  if (pattern.length > 128 || !/^[a-z0-9-]+:[A-Za-z*?]+$/i.test(pattern)) {
    throw invalid(`“${pattern}” is not an action. Examples: s3:GetObject, s3:Get*.`)
  }
  const matches = compileActionPattern(pattern.toLowerCase())
  const meant = rows.filter(([name]) => matches(name)).map(([, row]) => row)
  if (meant.length === 0) throw invalid(`There is no action ${pattern}.`)
  if (!/[*?]/.test(pattern)) return meant.map(({ name }) => name)
  return meant.filter((row) => kind === undefined || row.kind === kind).map(({ name }) => name)
}

/** Wildcards match only actions that apply to the resource. */
function kindOf(resource: string): ResourceKind | undefined {
  const [, place] = /^arn:[^:]*:s3:::(.+)$/s.exec(resource) ?? []
  if (place === undefined) return undefined
  return place.includes('/') ? 'object' : 'bucket'
}

function parseContext(text: string): Record<string, string[]> {
  const context = new Map<string, string[]>()
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '') continue
    const [, key, value] = /^([a-z0-9-]+:[^=\s]+)\s*=\s*(.*)$/i.exec(line) ?? []
    if (key === undefined || value === undefined) throw invalid(`“${line}”: write keys as aws:SourceIp = 10.0.0.1`)
    context.set(key, [...(context.get(key) ?? []), value])
    if (context.size > contextMax) throw invalid(`Give up to ${contextMax} keys.`)
  }
  return Object.fromEntries(context)
}

const invalid = (message: string): ApiError => new ApiError('ValidationError', { message })
