/** `myfsio fsck` on folders that it cannot check, through the real program. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startServer } from '../s3/start-server.ts'
import { type Launched, launch } from './launcher.ts'

const nobody = 65_534
const isRoot = process.getuid?.() === 0

let folder: string
let data: string
let index: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'myfsio-fsck-command-'))
  data = join(folder, 'data')
  index = join(data, '.myfsio.sys', 'index')
  const server = await startServer({ root: folder })
  await server.close()
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(flags: string[], options = {}): Promise<{ status: number | null; output: string }> {
  const launched: Launched = launch(flags, { STORAGE_ROOT: data }, options)
  const status = await launched.exited
  return { status, output: launched.output() }
}

const damages = {
  'is too short': () => truncateSync(join(index, 'data.mdb'), 8192),
  'is no index': () => writeFileSync(join(index, 'data.mdb'), 'x'.repeat(100_000)),
  'has other pages': () => {
    const path = join(index, 'data.mdb')
    const bytes = readFileSync(path)
    bytes.fill(0, 8192)
    writeFileSync(path, bytes)
  },
}

describe.each(Object.entries(damages))('an index that %s', (_, damage) => {
  it('is told, with what to do about it, by fsck and by a start', { timeout: 60_000 }, async () => {
    damage()
    const checked = await run(['fsck'])
    expect(checked).toMatchObject({ status: 1, output: expect.stringMatching(/fsck --rebuild/) })
    const started = await run(['--mode', 'api', '--api-port', '0', '--workers', '1'])
    expect(started.status).toBe(1)
    expect(started.output).toMatch(/fsck --rebuild|`npx tsx run.ts fsck` says/)
    expect(started.output).not.toMatch(/^\s+at /m)
    expect((await run(['fsck', '--rebuild'])).status).toBe(0)
    expect((await run(['fsck'])).status).toBe(0)
  })
})

describe('fsck', () => {
  it('makes nothing in a folder that no server has used', async () => {
    data = join(folder, 'empty')
    spawnSync('mkdir', [data])
    expect(await run(['fsck'])).toMatchObject({ status: 1, output: expect.stringMatching(/no server has used/) })
    expect(readdirSync(data)).toEqual([])
  })

  it('makes no users', async () => {
    rmSync(join(data, '.myfsio.sys', 'config'), { recursive: true, force: true })
    expect((await run(['fsck'])).status).toBe(0)
    expect(readdirSync(join(data, '.myfsio.sys', 'config'))).toEqual([])
  })

  it.skipIf(!isRoot)('is refused to root where the server runs as another user', async () => {
    chownSync(index, nobody, nobody)
    const before = readdirSync(index)
    expect(await run(['fsck'])).toMatchObject({ status: 1, output: expect.stringMatching(/--reuid 65534/) })
    expect(readdirSync(index)).toEqual(before)
  })

  it.skipIf(!isRoot)('names files that may not be read, and goes on', async () => {
    chmodSync(folder, 0o755)
    if (tmpdir() !== '/tmp') chmodSync(tmpdir(), 0o755)
    const bucket = join(data, 'made-by-hand')
    spawnSync('mkdir', ['-p', bucket])
    for (const name of ['closed', 'open']) writeFileSync(join(bucket, name), 'x')
    expect((await run(['fsck', '--repair'])).status).toBe(0)
    spawnSync('chown', ['-R', `${nobody}:${nobody}`, data])
    chownSync(join(bucket, 'closed'), 0, 0)
    chmodSync(join(bucket, 'closed'), 0o600)
    const { status, output } = await run(['fsck'], { uid: nobody })
    expect(status).toBe(1)
    expect(output).toMatch(/unreadable made-by-hand\/closed: .*EACCES/)
    expect(output).toMatch(/^2 versions/m)
    expect(statSync(join(bucket, 'closed')).uid).toBe(0)
  })
})
