/**
 * Whether a history of operations on one register is linearizable: whether there is an order, in which each operation
 * takes effect at one point between its start and its end, that explains every answer. The algorithm is Wing and Gong's
 * search (1993) with the memory of Lowe (2017), as Porcupine and Knossos have it: a state that was reached before with
 * the same operations done is not entered twice.
 */

/** A value is unique; undefined means that there is no object. */
export type Value = string | undefined

export interface Operation {
  readonly startMs: number
  readonly endMs: number
  /** The name for people. */
  readonly name: string
  /** The state after it, or false if its answer does not fit this state. */
  apply(state: Value): { readonly state: Value } | false
  /** It may have taken effect until `endMs`, or never: an outcome that is not known, or a change made by hand. */
  readonly isOptional?: boolean
}

export interface Violation {
  /** The operations that can be explained, in their order, and the first ones that cannot. */
  readonly explained: readonly Operation[]
  readonly stuckAt: readonly Operation[]
  readonly state: Value
}

/**
 * A history without an order among this number of states counts as one without any: a correct one needs some for each
 * operation.
 */
const statesMax = 300_000

interface Node {
  readonly operation: Operation | undefined
  readonly parent: Node | undefined
  readonly state: Value
  /** All operations before this one are done. */
  readonly low: number
  /** The ones from `low` on, by bit. */
  readonly done: bigint
  readonly doneCount: number
  /** No later operation takes effect before this time. */
  readonly nowMs: number
}

/** Undefined: it is linearizable. */
export function findViolation(history: readonly Operation[]): Violation | undefined {
  const operations = history.toSorted((a, b) => a.startMs - b.startMs)
  const seen = new Set<string>()
  const root: Node = {
    operation: undefined,
    parent: undefined,
    state: undefined,
    low: 0,
    done: 0n,
    doneCount: 0,
    nowMs: Number.NEGATIVE_INFINITY,
  }
  let furthest = root
  for (const stack = [root]; stack.length > 0 && seen.size < statesMax; ) {
    const node = stack.pop() as Node
    if (node.low === operations.length) return undefined
    const identity = `${node.low} ${node.done.toString(36)} ${node.state}`
    if (seen.has(identity)) continue
    seen.add(identity)
    if (node.doneCount > furthest.doneCount) furthest = node
    const open = openOperations(operations, node)
    if (open.every(({ operation }) => operation.isOptional)) return undefined
    // The last one pushed is tried first.
    for (const { operation, index, state } of inOrderOfTrial(open, node).reverse()) {
      stack.push(next(node, operation, index, state))
    }
  }
  return {
    explained: pathOf(furthest),
    stuckAt: openOperations(operations, furthest).map((one) => one.operation),
    state: furthest.state,
  }
}

interface Trial {
  readonly operation: Operation
  readonly index: number
  /** After it. */
  readonly state: Value
}

/**
 * Answered operations are first, by start; then operations without an answer that would explain an answer; then the
 * rest. Otherwise a few unknown results would be tried in all orders before the answer that needs none of them.
 */
function inOrderOfTrial(open: readonly { operation: Operation; index: number }[], { state, nowMs }: Node): Trial[] {
  const ranks: [Trial[], Trial[], Trial[]] = [[], [], []]
  const answered = open.filter(({ operation }) => operation.isOptional !== true)
  for (const { operation, index } of open) {
    if (operation.isOptional && operation.endMs < nowMs) continue
    const after = operation.apply(state)
    if (after === false) continue
    const explains = () => answered.some((other) => other.operation.apply(after.state) !== false)
    const rank = operation.isOptional !== true ? 0 : explains() ? 1 : 2
    ranks[rank].push({ operation, index, state: after.state })
  }
  return ranks.flat()
}

/** The operations that may take effect next: one that started after another had ended must wait for it. */
function openOperations(
  operations: readonly Operation[],
  { low, done }: Node,
): { operation: Operation; index: number }[] {
  const open: { operation: Operation; index: number }[] = []
  let endMs = Number.POSITIVE_INFINITY
  for (let index = low; index < operations.length; index++) {
    const operation = operations[index] as Operation
    if (operation.startMs > endMs) break
    if (((done >> BigInt(index - low)) & 1n) === 1n) continue
    open.push({ operation, index })
    if (operation.isOptional !== true) endMs = Math.min(endMs, operation.endMs)
  }
  return open
}

function next(node: Node, operation: Operation, index: number, state: Value): Node {
  let low = node.low
  let done = node.done | (1n << BigInt(index - low))
  while ((done & 1n) === 1n) {
    done >>= 1n
    low++
  }
  const nowMs = Math.max(node.nowMs, operation.startMs)
  return { operation, parent: node, state, low, done, doneCount: node.doneCount + 1, nowMs }
}

function pathOf(node: Node): Operation[] {
  const path: Operation[] = []
  for (let at: Node | undefined = node; at?.operation !== undefined; at = at.parent) path.push(at.operation)
  return path.reverse()
}

export function describeViolation({ explained, stuckAt, state }: Violation): string {
  const line = ({ startMs, endMs, name }: Operation) => `${startMs.toFixed(1)} to ${endMs.toFixed(1)} ms: ${name}`
  return [
    ...explained.slice(-10).map(line),
    `-- then the object is ${state ?? 'not there'}, and none of these fits:`,
    ...stuckAt.map(line),
  ].join('\n')
}
