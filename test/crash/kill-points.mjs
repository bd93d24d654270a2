/**
 * Loaded before the program of a worker (`node --import`): ends the whole process group with SIGKILL when the worker reaches the point
 * that MYFSIO_KILL_AT names. The points are file operations of the publishing protocol, told by their paths, so that the program
 * needs nothing of this.
 */
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'

const die = () => process.kill(0, 'SIGKILL')
const isIn = (folder) => (path) => String(path).includes(`/.myfsio.sys/${folder}/`)
const isStaged = isIn('staging')
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

/** Dies before the first exchange of a staged file with another: renameat2(2), which the program has from koffi. */
function beforeExchange() {
  const koffi = createRequire(import.meta.url)('koffi')
  const { load } = koffi
  koffi.load = (...given) => ({ ...load(...given), func: () => die })
}

const points = {
  'after-stage': () => at('after', 'write', (fd) => isStaged(fs.readlinkSync(`/proc/self/fd/${fd}`))),
  'after-commit': () => {
    at('before', 'rename', (from, to) => isStaged(from) && isPlain(to))
    beforeExchange()
  },
  'after-exchange': () => at('before', 'unlink', isStaged),
  'mid-settle': () => at('after', 'rename', (from, to) => isPlain(from) && isIn('versions')(to)),
  'after-settle': () => at('after', 'rename', (from, to) => isStaged(from) && isPlain(to)),
  'in-forget': () => {
    const original = childProcess.execFile
    const run = promisify(original)
    const custom = (program, ...rest) => (program === 'sync' ? die() : run(program, ...rest))
    childProcess.execFile = Object.assign((...given) => original(...given), { [promisify.custom]: custom })
  },
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
