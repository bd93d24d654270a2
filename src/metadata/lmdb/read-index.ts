/**
 * The process that reads every entry of an LMDB file in the folder of its parameter, after restoring it as a start
 * does. Writes a dot at least each second while it reads, and ends with an error if an entry is wrong.
 */
import { open } from 'lmdb'
import { machineOf } from './processes/machine.ts'
import { isLmdbOpen } from './processes/users.ts'
import { ensureCheckpoint, findOutdated } from './restore.ts'

const [, , path = ''] = process.argv
const machine = () => machineOf(path)
if (findOutdated(path, machine) !== undefined && !isLmdbOpen(path)) ensureCheckpoint(path, machine)
const database = open<Buffer, Buffer>({
  path,
  readOnly: true,
  cache: false,
  keyEncoding: 'binary',
  encoding: 'binary',
})
let last: Buffer | undefined
let toldMs = 0
for (const { key, value } of database.getRange()) {
  const bytes = Buffer.from(key)
  if (last !== undefined && Buffer.compare(last, bytes) >= 0) throw new Error('its entries are out of order')
  last = bytes
  if (value === undefined) throw new Error('an entry has no value')
  if (performance.now() - toldMs < 1000) continue
  toldMs = performance.now()
  process.stdout.write('.')
}
process.exit(0)
