/**
 * A file replaces another by exchange, while another process may act between any two file calls: no older content comes
 * back, and nothing is left in staging.
 */
import fs from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  exchangeFiles,
  findFile,
  isExchangeWorthwhile,
  tryToRemove,
  writeSmallFile,
} from '#blobs/files/io/file-operations.ts'
import { DirectMoves } from '#blobs/files/moves/direct-move.ts'
import { FileMoves } from '#blobs/files/moves/file-moves.ts'
import type { Pending } from '#blobs/files/pending/pending.ts'
import { fileRef } from '#blobs/files/place/file-ref.ts'
import { Layout } from '#blobs/files/place/layout.ts'
import { TroubleLog } from '#blobs/trouble-log.ts'
import { libc } from '#lib/system/libc.ts'
import type { Exclusive } from '#metadata/local-engine.ts'
import { rowKey } from '#metadata/tables.ts'
import { encodeVersion } from '#metadata/version-codec.ts'
import { watchFiles } from '../../faults/file-calls.ts'
import { stagedFiles } from '../../staged-files.ts'
import { silentLog } from '../fixtures.ts'

const place = { kind: 'plain' } as const
const key = 'folder/key'
const orders = { one: 'ff00', two: 'ee00' }

let root: string
let layout: Layout
let target: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'myfsio-exchange-'))
  layout = new Layout(root)
  target = layout.plain('bucket', key)
  fs.mkdirSync(dirname(target), { recursive: true })
  fs.mkdirSync(layout.stagingFolder('a'), { recursive: true })
})
afterEach(() => rm(root, { recursive: true }))

const canExchange = isExchangeWorthwhile(tmpdir())

describe.runIf(canExchange)('exchanging files', () => {
  const staged = () => layout.staging('a-1')

  it('puts one file in the place of another', () => {
    const old = writeSmallFile(target, Buffer.from('old'))
    const { inode } = writeSmallFile(staged(), Buffer.from('new'))
    expect(exchangeFiles(staged(), target)).toBe(true)
    expect(findFile(target)?.inode).toBe(inode)
    expect(findFile(staged())?.inode).toBe(old.inode)
  })

  it('does nothing if there are not two files', () => {
    writeSmallFile(staged(), Buffer.from('new'))
    expect(exchangeFiles(staged(), target)).toBe(false)
    fs.symlinkSync('elsewhere', target)
    expect(exchangeFiles(staged(), target)).toBe(false)
    expect(fs.readlinkSync(target)).toBe('elsewhere')
    fs.rmSync(target)
    fs.mkdirSync(target)
    expect(exchangeFiles(staged(), target)).toBe(false)
    expect(exchangeFiles(layout.staging('a-2'), staged())).toBe(false)
    expect(fs.readFileSync(staged(), 'latin1')).toBe('new')
  })

  it('gives a folder back that has just been put there', async () => {
    writeSmallFile(target, Buffer.from('old'))
    writeSmallFile(staged(), Buffer.from('new'))
    let isThere = false
    const unwatch = await watchFiles(root, {
      before({ operation }) {
        if (operation === 'exchange' && !isThere) {
          isThere = true
          fs.unlinkSync(target)
          fs.mkdirSync(target)
          fs.writeFileSync(join(target, 'b'), 'b')
        }
        return undefined
      },
    })
    expect(exchangeFiles(staged(), target)).toBe(false)
    unwatch()
    expect(fs.readdirSync(target)).toEqual(['b'])
    expect(fs.readFileSync(staged(), 'latin1')).toBe('new')
  })

  it('tells why there was no exchange', () => {
    const codeOf = (a: string, b: string) => {
      try {
        libc.exchange(a, b)
      } catch (error) {
        return (error as NodeJS.ErrnoException).code
      }
      return undefined
    }
    writeSmallFile(staged(), Buffer.from('new'))
    expect(codeOf(staged(), target)).toBe('ENOENT')
    expect(codeOf(staged(), `${staged()}\0`)).toBe('EINVAL')
  })
})

/** A small object's version, in staging. */
function write(name: 'one' | 'two', replacedInode: number) {
  const bytes = Buffer.from(name)
  const fileId = `a-${name}`
  const signature = writeSmallFile(layout.staging(fileId), bytes)
  const order = orders[name]
  const pending: Pending = {
    bucket: 'bucket',
    key,
    order,
    moved: [order],
    removed: [],
    fileId,
    inodes: [signature.inode, replacedInode],
    bytes,
  }
  const version = {
    key,
    versionId: 'null',
    order,
    blob: fileRef(fileId, 'plain', signature),
    isDeleteMarker: false,
    sizeBytes: bytes.length,
    etag: '',
    modifiedAtMs: Date.now(),
    partCount: 0,
    headers: {},
    userMetadata: {},
    storageClass: 'STANDARD' as const,
    ownerId: 'owner',
  }
  return { pending, row: encodeVersion(version) }
}

describe.runIf(canExchange).each(['atOnce', 'later'] as const)('an exchange beside another process, %s', (when) => {
  let rows: Map<string, Uint8Array>
  const view: Exclusive = {
    get: (row) => rows.get(Buffer.from(row).toString('latin1')),
    scan: () => [],
    put: () => undefined,
  }
  const current = (row: Uint8Array) => new Map([[rowKey('o', 'bucket', key).toString('latin1'), row]])

  /** Does `act` and, before its file call of this number, `other`. False if it makes fewer calls. */
  async function interleave(act: () => unknown, other: (call: number) => void, at: number): Promise<boolean> {
    let calls = 0
    const unwatch = await watchFiles(root, {
      before() {
        const call = calls++
        if (call >= at) other(call)
        return undefined
      },
    })
    try {
      act()
    } finally {
      unwatch()
    }
    return calls > at
  }

  const once = (other: () => void) => {
    let isDone = false
    return () => {
      if (!isDone) other()
      isDone = true
    }
  }

  function begin() {
    spares = kinds[when]()
    for (const path of [target, ...stagedFiles(root).map((name) => layout.staging(name))])
      fs.rmSync(path, { force: true })
    const { inode } = writeSmallFile(target, Buffer.from('zero'))
    const one = write('one', inode)
    rows = current(one.row)
    return { one, inode }
  }

  function expectPlaced(value: string, at: number): void {
    spares.finish()
    expect([at, fs.readFileSync(target, 'latin1'), ...stagedFiles(root)]).toEqual([at, value])
  }

  /** Replaced files are removed at once, or at the end. */
  const kinds = {
    atOnce: () => ({
      recycle: (path: string) => tryToRemove(path),
      recycleFrom: (path: string) => tryToRemove(path),
      finish: () => undefined,
    }),
    later: () => {
      const paths: string[] = []
      const recycle = (path: string) => void paths.push(path)
      return { recycle, recycleFrom: recycle, finish: () => paths.map(tryToRemove) }
    },
  }
  let spares: ReturnType<(typeof kinds)['atOnce' | 'later']>
  const direct = () => new DirectMoves({ layout, durability: 'strict', spares })
  const moves = () => new FileMoves({ layout, log: silentLog, troubles: new TroubleLog(silentLog) })

  it('is how a small file replaces another', async () => {
    const { one } = begin()
    const operations: string[] = []
    const unwatch = await watchFiles(root, {
      before({ operation }) {
        operations.push(operation)
        return undefined
      },
    })
    direct().move(one.pending, place, [])
    unwatch()
    expect(operations.find((operation) => operation !== 'lstat')).toBe('exchange')
  })

  it('is safe from who settles the same write under the lock', async () => {
    for (const who of ['exchange first', 'lock first'] as const) {
      for (let at = 0; ; at++) {
        const { one } = begin()
        const exchange = () => direct().move(one.pending, place, [])
        const settle = () => moves().place(view, one.pending, 'again')
        const [act, other] = who === 'lock first' ? [settle, exchange] : [exchange, settle]
        if (!(await interleave(act, once(other), at))) break
        expectPlaced('one', at)
      }
    }
  })

  it('is safe from a later write', async () => {
    for (let at = 0; ; at++) {
      const { one } = begin()
      const other = () => {
        const two = write('two', one.pending.inodes?.[0] ?? 0)
        rows = current(two.row)
        direct().move(two.pending, place, [one.pending])
      }
      if (!(await interleave(() => direct().move(one.pending, place, []), once(other), at))) break
      expectPlaced('two', at)
    }
  })

  it('is finished by a start, wherever the process ended', async () => {
    const die = () => {
      throw new Error('killed')
    }
    for (let at = 0; ; at++) {
      const { one } = begin()
      const isKilled = await interleave(() => direct().move(one.pending, place, []), die, at)
      moves().place(view, one.pending, { inodes: new Set(one.pending.inodes) })
      expectPlaced('one', at)
      if (!isKilled) break
    }
  })
})
