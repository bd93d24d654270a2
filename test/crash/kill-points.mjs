/**
 * Loaded before the program of a worker (`node --import`): ends the whole process group with SIGKILL when the worker
 * reaches the point in MYFSIO_KILL_AT. The points are file operations of the publishing protocol, recognized by their
 * paths, so that the program needs no code for this.
 */
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'

const die = () => process.kill(0, 'SIGKILL')
const isIn = (folder) => (path) => String(path).includes(`/.myfsio.sys/${folder}/`)
const isStaged = isIn('staging')
const isCalledBy = (caller) => new Error().stack.includes(caller)
/** The place of a version that gets a lock. */
const isUnlocked = (path) => isPlain(path) || isIn('versions')(path)
const isPlain = (path) => !String(path).includes('/.myfsio.sys/')

/** Dies before, or after, the first call of `name` that `isIt`, in whichever of node's three styles. */
function at(when, name, isIt) {
  const wrap = (module, style, dieAfter) => {
    const original = module[style]
    module[style] = (...given) => {
      if (!isIt(...given)) return original(...given)
      return when === 'before' ? die() : dieAfter(original, given)
    }
  }
  wrap(fs, `${name}Sync`, (original, given) => die(original(...given)))
  wrap(fs, name, (original, given) => original(...given.slice(0, -1), die))
  if (fs.promises[name] !== undefined) wrap(fs.promises, name, (original, given) => original(...given).then(die))
}

/** Dies before the first call of this C function that is made by way of `caller`. */
function beforeCall(name, caller = '') {
  const koffi = createRequire(import.meta.url)(`@koromix/koffi-${process.platform}-${process.arch}`)
  const { load } = koffi
  koffi.load = (...given) => {
    const library = load(...given)
    const func = (declaration) => {
      const call = library.func(declaration)
      if (!declaration.includes(` ${name}(`)) return call
      const dieIfCalledSo = (original, args) => (isCalledBy(caller) ? die() : original(...args))
      return Object.assign((...args) => dieIfCalledSo(call, args), {
        async: (...args) => dieIfCalledSo(call.async, args),
      })
    }
    return { func }
  }
}

const points = {
  'after-stage': () => at('after', 'write', (fd) => isStaged(fs.readlinkSync(`/proc/self/fd/${fd}`))),
  'after-commit': () => {
    at('before', 'rename', (from, to) => isStaged(from) && isPlain(to))
    beforeCall('renameat2')
  },
  'in-append': () => at('after', 'copyFile', (_from, to) => isStaged(to)),
  'after-exchange': () => at('before', 'lstat', (path) => isStaged(path) && isCalledBy('exchangeFiles')),
  'mid-settle': () => at('after', 'rename', (from, to) => isPlain(from) && isIn('versions')(to)),
  'after-settle': () => at('after', 'rename', (from, to) => isStaged(from) && isPlain(to)),
  'before-aside': () => at('before', 'rename', (from, to) => isStaged(from) && isIn('opaque')(to)),
  'after-aside': () => at('after', 'rename', (from, to) => isStaged(from) && isIn('opaque')(to)),
  'before-lock': () => at('before', 'rename', (from, to) => isUnlocked(from) && isIn('opaque')(to)),
  'after-lock': () => at('after', 'rename', (from, to) => isUnlocked(from) && isIn('opaque')(to)),
  'before-recycle': () => at('before', 'rename', (from, to) => isIn('opaque')(from) && isStaged(to)),
  'in-forget': () => beforeCall('syncfs', 'forgetRows'),
  'in-completion': () => at('before', 'rename', (from) => isIn('uploads')(from)),
  'after-completion': () => at('before', 'rm', (path) => isIn('uploads')(path)),
  'before-delete': () => at('before', 'rm', isPlain),
  'after-delete': () => at('after', 'rm', isPlain),
  'before-rename': () => at('before', 'rename', (from, to) => isPlain(from) && isPlain(to)),
  'after-rename': () => at('after', 'rename', (from, to) => isPlain(from) && isPlain(to)),
}

const point = points[process.env.MYFSIO_KILL_AT]
if (point !== undefined && process.argv[1]?.endsWith('child.js')) {
  point()
  syncBuiltinESMExports()
}
