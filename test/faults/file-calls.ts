/**
 * Intercepts every call of the program to node:fs below one folder, before and after it. The modules of node are
 * changed in place, so the program under test needs no code for this and no call can be missed.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { libc } from '#lib/system/libc.ts'

export interface FileCall {
  /** Without `Sync`: one name for all three styles of node. */
  readonly operation: string
  readonly path: string
  /** Second path of a rename, exchange, copy or link. */
  readonly to: string | undefined
  /** The arguments after the path or descriptor. */
  readonly rest: readonly unknown[]
}

export interface FileWatch {
  /** If it throws, the call throws without being made. `pretend`: the call is not made and succeeds. */
  before(call: FileCall): 'pretend' | undefined
  after?(call: FileCall, result: unknown): void
}

const byPath = [
  'open',
  'rename',
  'copyFile',
  'link',
  'rm',
  'unlink',
  'rmdir',
  'mkdir',
  'lstat',
  'stat',
  'readdir',
  'readFile',
  'writeFile',
]
const byDescriptor = ['write', 'read', 'fstat', 'close', 'fsync', 'fdatasync', 'ftruncate']
const byHandle = ['write', 'writeFile', 'read', 'stat', 'truncate', 'sync', 'datasync']
/** The methods of a handle, by the names of the calls on descriptors. */
const sameAs: Readonly<Record<string, string>> = {
  stat: 'fstat',
  sync: 'fsync',
  datasync: 'fdatasync',
  truncate: 'ftruncate',
}

type Callable = (this: unknown, ...rest: unknown[]) => unknown
type Module = Record<string, Callable>

/** Watches until the function it returns is called. One watch at a time. */
export async function watchFiles(root: string, watch: FileWatch): Promise<() => void> {
  const watcher = new Watcher(root, watch)
  const undo: (() => void)[] = []
  const replace = (module: unknown, name: string, wrap: (original: Callable) => Callable) => {
    const owner = module as Module
    const original = owner[name]
    if (original === undefined) return
    owner[name] = wrap(original)
    undo.push(() => {
      owner[name] = original
    })
  }
  for (const name of [...byPath, ...byDescriptor]) {
    replace(fs, `${name}Sync`, (original) => watcher.direct(name, original))
    if (byDescriptor.includes(name) || name === 'open')
      replace(fs, name, (original) => watcher.calledBack(name, original))
    if (!byDescriptor.includes(name)) replace(fs.promises, name, (original) => watcher.promised(name, original))
  }
  const handles = await prototypeOfHandles()
  for (const name of byHandle) replace(handles, name, (original) => watcher.ofHandle(sameAs[name] ?? name, original))
  replace(libc, 'exchange', (original) => watcher.direct('exchange', original))
  replace(libc, 'syncVolume', () => watcher.volumeSync())
  syncBuiltinESMExports()
  return () => {
    for (const step of undo.reverse()) step()
    syncBuiltinESMExports()
  }
}

async function prototypeOfHandles(): Promise<object> {
  const handle = await fs.promises.open(import.meta.filename, 'r')
  await handle.close()
  return Object.getPrototypeOf(handle) as object
}

class Watcher {
  readonly #root: string
  readonly #watch: FileWatch
  readonly #paths = new Map<number, string>()
  #isWithinCall = false

  constructor(root: string, watch: FileWatch) {
    this.#root = root
    this.#watch = watch
  }

  direct(operation: string, original: Callable): Callable {
    const watcher = this
    return function (this: unknown, ...given) {
      const call = watcher.#callOf(operation, given)
      if (call === undefined || watcher.#isWithinCall) return original.apply(this, given)
      return watcher.#whole(() => {
        const result = watcher.#watch.before(call) === 'pretend' ? undefined : original.apply(this, given)
        if (operation === 'open') watcher.#paths.set(result as number, call.path)
        if (operation === 'close') watcher.#paths.delete(given[0] as number)
        watcher.#watch.after?.(call, result)
        return result
      })
    }
  }

  calledBack(operation: string, original: Callable): Callable {
    const watcher = this
    return function (this: unknown, ...given) {
      const call = watcher.#callOf(operation, given)
      const done = given.at(-1)
      if (call === undefined || typeof done !== 'function') return original.apply(this, given)
      try {
        watcher.#whole(() => watcher.#watch.before(call))
      } catch (error) {
        return void setImmediate(() => done(error))
      }
      const report = (error: unknown, ...results: unknown[]) => {
        if (!error && operation === 'open') watcher.#paths.set(results[0] as number, call.path)
        if (!error) watcher.#whole(() => watcher.#watch.after?.(call, results[0]))
        done(error, ...results)
      }
      if (operation === 'close') watcher.#paths.delete(given[0] as number)
      return original.apply(this, [...given.slice(0, -1), report])
    }
  }

  promised(operation: string, original: Callable): Callable {
    const watcher = this
    return async function (this: unknown, ...given) {
      const call = watcher.#callOf(operation, given)
      if (call === undefined) return original.apply(this, given)
      watcher.#whole(() => watcher.#watch.before(call))
      const result = await original.apply(this, given)
      if (operation === 'open') watcher.#paths.set((result as fs.promises.FileHandle).fd, call.path)
      watcher.#whole(() => watcher.#watch.after?.(call, result))
      return result
    }
  }

  ofHandle(operation: string, original: Callable): Callable {
    const watcher = this
    return async function (this: unknown, ...given) {
      const path = watcher.#paths.get((this as fs.promises.FileHandle).fd)
      if (path === undefined) return original.apply(this, given)
      const call = { operation, path, to: undefined, rest: given }
      const isPretended = watcher.#whole(() => watcher.#watch.before(call)) === 'pretend'
      const result = isPretended ? undefined : await original.apply(this, given)
      watcher.#whole(() => watcher.#watch.after?.(call, result))
      return result
    }
  }

  /** Node makes some of its calls through others, and the watch may make calls of its own. */
  #whole<T>(call: () => T): T {
    this.#isWithinCall = true
    try {
      return call()
    } finally {
      this.#isWithinCall = false
    }
  }

  /** Nothing needs to reach a disk. */
  volumeSync(): Callable {
    return async (folder) => {
      const call = { operation: 'sync', path: String(folder), to: undefined, rest: [] }
      this.#watch.before(call)
      this.#watch.after?.(call, undefined)
    }
  }

  #callOf(operation: string, [first, ...rest]: unknown[]): FileCall | undefined {
    const path = typeof first === 'number' ? this.#paths.get(first) : typeof first === 'string' ? first : undefined
    const to = ['rename', 'exchange', 'copyFile', 'link'].includes(operation) ? String(rest[0]) : undefined
    // The source of a copy may be an open file, by its name in /proc.
    const isInside = [path, to].some((one) => one?.startsWith(this.#root))
    if (path === undefined || !isInside) return undefined
    return { operation, path, to, rest }
  }
}
