/**
 * Loaded before a program (`node --import`): ends it with SIGKILL before its change of a file numbered MYFSIO_KILL_AT_CHANGE, in the
 * folder MYFSIO_KILL_IN.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { MYFSIO_KILL_AT_CHANGE: last, MYFSIO_KILL_IN: folder = '' } = process.env
let changes = 0

function count(module, name) {
  const original = module[name]
  module[name] = (...given) => {
    const isInside = given.some((path) => typeof path === 'string' && path.startsWith(folder))
    if (isInside && ++changes === Number(last)) process.kill(process.pid, 'SIGKILL')
    return original(...given)
  }
}

for (const name of ['writeFile', 'rename', 'link', 'rm', 'copyFile']) {
  count(fs.promises, name)
  count(fs, `${name}Sync`)
}
syncBuiltinESMExports()
