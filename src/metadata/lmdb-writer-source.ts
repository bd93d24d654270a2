/**
 * What the thread runs that commits to LMDB, as source text: src/lib/digest/lane-worker.ts says why. It knows checks and writes as
 * src/metadata/write.ts does, and both pass test/metadata/engine-contract.ts.
 *
 * Messages in: {shape, bytes} is a group of commits for one transaction, as src/metadata/lmdb-writer.ts packs them; `null` closes.
 * Messages out, one for each group: {applied}, for each commit whether it was; or {failure}.
 */
export const lmdbWriterSource = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const { ABORT, open, TransactionFlags } = require(workerData.lmdb)
const { ABORTABLE, SYNCHRONOUS_COMMIT, NO_SYNC_FLUSH } = TransactionFlags

const database = open(workerData.options)

/** Gives the numbers and pieces of a group in the order in which they were packed. */
class Group {
  constructor({ shape, bytes }) {
    this.shape = shape
    this.bytes = Buffer.from(bytes.buffer)
    this.at = 0
    this.offset = 0
  }
  get hasMore() {
    return this.at < this.shape.length
  }
  number() {
    return this.shape[this.at++]
  }
  piece() {
    const length = this.number()
    if (length < 0) return undefined
    this.offset += length
    return this.bytes.subarray(this.offset - length, this.offset)
  }
}

function find(key) {
  return key.length <= workerData.keyBytesMax ? database.getBinary(key) : undefined
}

function isEmpty(start, end) {
  for (const _ of database.getKeys({ start, end, limit: 1 })) return false
  return true
}

function holds(isRange, key, other) {
  if (isRange) return isEmpty(key, other)
  const now = find(key)
  return now === undefined || other === undefined ? now === other : Buffer.compare(now, other) === 0
}

function write(isSum, key, value) {
  if (value === undefined) return void database.removeSync(key)
  if (!isSum) return void database.putSync(key, value)
  const now = find(key)
  const counters = now === undefined ? {} : JSON.parse(now.toString())
  for (const [name, delta] of Object.entries(JSON.parse(value.toString()))) counters[name] = (counters[name] ?? 0) + delta
  database.putSync(key, Buffer.from(JSON.stringify(counters)))
}

/** Reads the commit to its end, whether or not it applies. */
function commit(group) {
  const checks = group.number()
  const writes = group.number()
  let applies = true
  for (let i = 0; i < checks; i++) {
    const [isRange, key, other] = [group.number() === 1, group.piece(), group.piece()]
    applies = applies && holds(isRange, key, other)
  }
  for (let i = 0; i < writes; i++) {
    const [isSum, key, value] = [group.number() === 1, group.piece(), group.piece()]
    if (applies) write(isSum, key, value)
  }
  return applies
}

function commitAll(group) {
  const applied = []
  while (group.hasMore) applied.push(commit(group))
  return applied
}

parentPort.on('message', (message) => {
  if (message === null) return void database.close().finally(() => parentPort.close())
  try {
    const group = new Group(message)
    let applied
    const run = () => {
      applied = commitAll(group)
      // A commit of nothing would be flushed all the same.
      return applied.includes(true) ? undefined : ABORT
    }
    database.transactionSync(run, ABORTABLE | SYNCHRONOUS_COMMIT | NO_SYNC_FLUSH)
    parentPort.postMessage({ applied })
  } catch (failure) {
    parentPort.postMessage({ failure })
  }
})
`
