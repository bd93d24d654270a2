/**
 * kill -9 at the points at which a version gets a lock: acknowledged locks are in force afterwards, with their bytes.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CreateBucketCommand, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CrashingServer } from './crashing-server.ts'
import { LockedVersions } from './locked-versions.ts'

const preload = pathToFileURL(join(import.meta.dirname, 'kill-points.mjs')).href
const small = () => randomBytes(500)
const large = () => randomBytes(100_000)

describe.skipIf(process.platform !== 'linux')('kill -9 while a version is locked', () => {
  let server: CrashingServer
  let locked: LockedVersions

  beforeAll(async () => {
    server = await CrashingServer.create()
    locked = new LockedVersions(server, 'vault')
    await server.start({ WORKERS: '1' })
    await server.client.send(new CreateBucketCommand({ Bucket: 'vault', ObjectLockEnabledForBucket: true }))
    await locked.put('kept', large(), 'retained')
    server.kill()
  })
  afterAll(() => server.remove())

  const put = (body: Buffer, lock: 'retained' | 'held') => () => locked.put('new', body, lock)
  const lockCurrent = (body: Buffer, how: 'retain' | 'hold') => async () =>
    locked.lock(await locked.put('later', body, 'unlocked'), how)
  const lockOlder = (how: 'retain' | 'hold') => async () => {
    const id = await locked.put('older', large(), 'unlocked')
    await locked.put('older', large(), 'unlocked')
    await locked.lock(id, how)
  }
  /** A delete marker, or a newer version, over a locked one. */
  const cover = async () => {
    await server.client.send(new DeleteObjectCommand({ Bucket: 'vault', Key: 'kept' })).catch(() => undefined)
    await locked.put('kept', small(), 'unlocked')
  }

  /** By default the most important points; MYFSIO_CRASH_POINTS=all runs the rest. */
  const all: readonly [point: string, act: () => Promise<unknown>, again?: string][] = [
    ['before-aside', put(large(), 'retained'), 'after-aside'],
    ['before-lock', lockCurrent(large(), 'hold'), 'after-lock'],
    ['after-lock', lockOlder('retain')],
    ['after-stage', put(small(), 'held')],
    ['before-aside', put(small(), 'held')],
    ['after-aside', put(small(), 'retained')],
    ['in-forget', put(small(), 'retained')],
    ['before-lock', lockCurrent(small(), 'retain')],
    ['after-lock', lockCurrent(large(), 'retain')],
    ['before-lock', lockOlder('hold'), 'after-lock'],
    ['in-forget', lockCurrent(large(), 'hold')],
    ['after-commit', cover],
    ['mid-settle', lockOlder('retain')],
  ]
  const cases = process.env.MYFSIO_CRASH_POINTS === 'all' ? all : all.slice(0, 3)

  async function startFor(point: string): Promise<void> {
    const environment = { WORKERS: '1', NODE_OPTIONS: `--import ${preload}`, MYFSIO_KILL_AT: point }
    if (await server.start(environment)) return
    await server.start({ WORKERS: '1' })
    server.kill()
    expect(await server.start(environment)).toBe(true)
  }

  it('leaves every acknowledged lock in force, at any of them', { timeout: 240_000 }, async () => {
    for (const [point, act, again] of cases) {
      await startFor(point)
      await locked.verify()
      await act()
      await server.died()
      if (again === undefined) continue
      const environment = { WORKERS: '1', NODE_OPTIONS: `--import ${preload}`, MYFSIO_KILL_AT: again }
      if (await server.start(environment)) await server.died()
    }
    await server.start({ WORKERS: '1' })
    await locked.verify()
    // Once more after the answer, when there is no file to move.
    await locked.lock(await locked.put('told', small(), 'held'), 'retain')
    server.kill()
    await server.start({ WORKERS: '1' })
    await locked.verify()
  })
})
