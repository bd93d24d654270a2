/** The server's own files are readable by its user only; objects stay plain files that others may read. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startTestApi, type TestApi } from '../../input/api.ts'

let api: TestApi | undefined
let root: string
afterEach(async () => {
  await api?.close()
  rmSync(root, { recursive: true, force: true })
})

const modeOf = (...names: string[]) => statSync(join(root, ...names)).mode & 0o777

async function start(): Promise<TestApi> {
  api = await startTestApi({ STORAGE_ROOT: root, DURABILITY: 'strict', MYFSIO_BUCKETS: 'bucket' })
  return api
}

function expectPrivate(): void {
  expect(modeOf('.myfsio.sys')).toBe(0o700)
  for (const folder of ['index', 'journal', 'config']) {
    for (const entry of readdirSync(join(root, '.myfsio.sys', folder), { withFileTypes: true })) {
      if (entry.isFile()) expect([entry.name, modeOf('.myfsio.sys', folder, entry.name)]).toEqual([entry.name, 0o600])
    }
  }
}

it.runIf(process.platform !== 'win32')('a new data folder keeps what is its own from other users', async () => {
  root = mkdtempSync(join(tmpdir(), 'modes-'))
  const before = modeOf()
  await start()
  expectPrivate()
  expect(modeOf()).toBe(before)
  const names = readdirSync(join(root, '.myfsio.sys/index'))
  expect(names.filter((name) => /^(data|lock)\.mdb$|^log-|^checkpoint-/.test(name)).length).toBeGreaterThanOrEqual(5)
})

it.runIf(process.platform !== 'win32')('an old data folder that was open to all is mended at a start', async () => {
  root = mkdtempSync(join(tmpdir(), 'modes-'))
  const first = await startTestApi({ STORAGE_ROOT: root, DURABILITY: 'strict', MYFSIO_BUCKETS: 'bucket' })
  await first.close()
  writeFileSync(join(root, '.myfsio.sys/config/iam.json.bak'), '{}')
  for (const folder of ['', 'index', 'journal', 'config']) {
    const path = join(root, '.myfsio.sys', folder)
    chmodSync(path, 0o755)
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isFile()) chmodSync(join(path, entry.name), 0o644)
  }
  await start()
  expectPrivate()
})

it.runIf(process.platform !== 'win32')('objects stay files that others may read', async () => {
  root = mkdtempSync(join(tmpdir(), 'modes-'))
  writeFileSync(join(root, 'other'), '')
  await start()
  for (const [key, body] of [
    ['small', 'x'],
    ['folder/large', 'x'.repeat(200_000)],
  ] as const) {
    expect((await api?.ask({ line: `PUT /bucket/${key}`, body }))?.status).toBe(200)
    expect(modeOf('bucket', key)).toBe(modeOf('other'))
  }
  expect(modeOf('bucket')).toBe(modeOf('bucket/folder'))
})
