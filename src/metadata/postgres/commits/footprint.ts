/**
 * What a commit reads and writes, as names and modes. They decide which commits of this process may run at the same
 * time or in one group, and which locks the database takes (commit-function.ts).
 */
import { asBuffer, type Bytes, type Commit, type KeyRange } from '#metadata/engine.ts'

/**
 * `read`: others may read it. `add`: others may add to it. `count`: its numbers are read and added to; commits of one
 * group may do this in their order. `write`: exclusive.
 */
export type Mode = 'read' | 'add' | 'count' | 'write'

/** A name stands for one key, or for all keys that begin with the same parts. */
export type Footprint = ReadonlyMap<string, Mode>

const keyMark = 'k'
const partsMark = 'p'
const nul = '\0'
/** Every commit reads this name. */
export const everything = partsMark

export function footprintOf({ checks, writes }: Commit): Footprint {
  const footprint = new Map<string, Mode>([[everything, 'read']])
  for (const check of checks) {
    if ('key' in check) touch(footprint, textOf(check.key), 'read')
    else if ('empty' in check) name(footprint, partsMark + commonParts(check.empty), 'write')
    else touch(footprint, textOf(check.counter), 'count')
  }
  for (const write of writes) {
    if ('append' in write) {
      const counter = textOf(write.append)
      touch(footprint, counter, 'count')
      // The new rows of the sequence. Their numbers are not known yet.
      name(footprint, partsMark + counter, 'count')
    } else touch(footprint, textOf(write.key), 'add' in write ? 'add' : 'write')
  }
  return footprint
}

function touch(footprint: Map<string, Mode>, key: string, mode: Mode): void {
  name(footprint, keyMark + key, mode)
  for (let at = key.lastIndexOf(nul); at !== -1; at = at === 0 ? -1 : key.lastIndexOf(nul, at - 1)) {
    name(footprint, partsMark + key.slice(0, at), 'read')
  }
}

function name(footprint: Map<string, Mode>, of: string, mode: Mode): void {
  const before = footprint.get(of)
  footprint.set(of, before === undefined || before === mode ? mode : both(before, mode))
}

const both = (a: Mode, b: Mode): Mode => (isCounting(a) && isCounting(b) ? 'count' : 'write')
const isCounting = (mode: Mode) => mode === 'add' || mode === 'count'

/** The parts that all keys of a range begin with. */
function commonParts({ start, end }: KeyRange): string {
  const [from, to] = [textOf(start), textOf(end)]
  let length = 0
  while (length < from.length && from[length] === to[length]) length++
  const at = from.slice(0, length).lastIndexOf(nul)
  return at === -1 ? '' : from.slice(0, at)
}

const textOf = (bytes: Bytes) => asBuffer(bytes).toString('latin1')

/** Whether two commits that use a name in these modes may run at the same time, in any order. */
export const areApart = (a: Mode, b: Mode): boolean => a === b && (a === 'read' || a === 'add')

/** Whether two such commits may be in one group. Its commits are applied in order. */
export const areTogether = (a: Mode, b: Mode): boolean => areApart(a, b) || (isCounting(a) && isCounting(b))

/** The footprints of running or waiting commits. */
export class Ground {
  readonly #uses = new Map<string, { mode: Mode; users: number }>()
  readonly #fit: (a: Mode, b: Mode) => boolean

  constructor(fit: (a: Mode, b: Mode) => boolean) {
    this.#fit = fit
  }

  /** How many names are in use. */
  get size(): number {
    return this.#uses.size
  }

  fits(footprint: Footprint): boolean {
    for (const [of, mode] of footprint) {
      const use = this.#uses.get(of)
      if (use !== undefined && !this.#fit(use.mode, mode)) return false
    }
    return true
  }

  add(footprint: Footprint): void {
    for (const [of, mode] of footprint) {
      const use = this.#uses.get(of)
      if (use === undefined) this.#uses.set(of, { mode, users: 1 })
      else {
        use.users++
        if (use.mode !== mode) use.mode = both(use.mode, mode)
      }
    }
  }

  remove(footprint: Footprint): void {
    for (const of of footprint.keys()) {
      const use = this.#uses.get(of)
      if (use !== undefined && --use.users === 0) this.#uses.delete(of)
    }
  }
}
