/** `myfsio rotate-root-key`: another root key wraps the keys, and all data can still be decrypted. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as aws from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rootKeys, startApp, type TestApp } from '../iam/start-app.ts'
import { launch } from '../launcher/launcher.ts'
import { startServer } from '../s3/start-server.ts'
import { type KeyringFolder, makeKeyringFolder } from './open-test-keyring.ts'

const place = { account: '000000000000', region: 'us-east-1' }
const context = { of: 'the test' }
type Settings = Readonly<Record<string, string>>
type Way = readonly [before: Settings, after: Settings, from: Settings | undefined]
const generated: Settings = {}
const first: Settings = { KMS_ROOT_KEY: 'the first root key of more than 32 characters' }
const second: Settings = { KMS_ROOT_KEY: 'the second root key of more than 32 characters' }
let outside: TestApp
let folder: KeyringFolder
beforeAll(async () => {
  outside = await startApp()
})
afterAll(() => outside.close())
beforeEach(async () => {
  folder = await makeKeyringFolder()
})
afterEach(() => folder.remove())

async function outsideKey(): Promise<Settings> {
  const { KeyMetadata } = await outside.kms().send(new aws.CreateKeyCommand({}))
  return {
    KMS_ENDPOINT: outside.endpoint,
    KMS_ENDPOINT_KEY_ID: KeyMetadata?.KeyId ?? '',
    KMS_ENDPOINT_ACCESS_KEY: rootKeys.accessKeyId,
    KMS_ENDPOINT_SECRET_KEY: rootKeys.secretAccessKey,
  }
}

/** Makes keys with older material, and the server's key. Returns the ciphertext that must be decrypted afterwards. */
async function makeKeys(settings: Settings) {
  const { keyring, close } = await folder.open(settings)
  const { arn } = await keyring.managedKey('s3', place)
  const sealed = [await keyring.generateDataKey(arn, context)]
  const [key] = keyring.keys.keys
  const material = await keyring.newMaterial(key?.id ?? '', 'ON_DEMAND')
  await keyring.update((value) => ({
    ...value,
    keys: value.keys.map((one) => ({ ...one, materials: [...one.materials, material] })),
  }))
  sealed.push(await keyring.generateDataKey(arn, context))
  const own = await keyring.serverKey.generate(context)
  await close()
  return async (now: Settings) => {
    const { keyring: opened, problem } = await folder.open(now)
    expect(problem).toBeUndefined()
    for (const { wrapped, plaintext } of sealed) expect(await opened.unwrap(wrapped, context)).toEqual(plaintext)
    expect(await opened.serverKey.unwrap(own.wrapped, context)).toEqual(own.plaintext)
  }
}

async function rotate(settings: Settings, from?: Settings): Promise<{ status: number | null; said: string }> {
  const words = ['rotate-root-key']
  if (from !== undefined) {
    const path = join(folder.path, 'before.env')
    await writeFile(
      path,
      Object.entries(from)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    words.push('--from', path)
  }
  const launched = launch(words, { STORAGE_ROOT: folder.path, ...settings })
  const status = await launched.exited
  return { status, said: launched.output() }
}

const rootKeyFiles = () =>
  [folder.rootKey.path, folder.rootKey.copyPath].map((path) => {
    try {
      return readdirSync(dirname(path)).filter((name) => name.startsWith('kms_root'))
    } catch {
      return []
    }
  })

describe('rotate-root-key', () => {
  it.each([
    ['a generated one to another', async () => [generated, generated, undefined]],
    ['a generated one to KMS_ROOT_KEY', async () => [generated, first, undefined]],
    ['KMS_ROOT_KEY to a generated one', async () => [first, generated, first]],
    ['KMS_ROOT_KEY to another', async () => [first, second, first]],
    ['a generated one to KMS_ENDPOINT', async () => [generated, await outsideKey(), undefined]],
    ['KMS_ENDPOINT to a generated one', async () => swap(await outsideKey(), generated)],
    ['one key at KMS_ENDPOINT to another', async () => swap(await outsideKey(), await outsideKey())],
    ['one at KMS_ENDPOINT to another of the same key', async () => withItself(await outsideKey())],
  ] as readonly [string, () => Promise<Way>][])('goes from %s', { timeout: 60_000 }, async (_, settingsOf) => {
    const [before, after, from] = await settingsOf()
    const expectOpen = await makeKeys(before)
    const { root } = await folder.readKeys()
    expect(await rotate(after, from)).toMatchObject({ status: 0, said: expect.stringContaining('Another root key') })
    await expectOpen(after)
    const { root: now, keys } = await folder.readKeys()
    expect(now?.check).not.toBe(root?.check)
    expect(keys[0]?.materials).toHaveLength(2)
    // Nothing is left that the old root key opens.
    expect(await readFile(`${folder.keysPath}.last-good`, 'utf8')).toBe(await readFile(folder.keysPath, 'utf8'))
    const left = now?.kind === 'file' ? [expect.stringMatching(/^kms_root-[0-9a-f]{8}\.key$/)] : []
    expect(rootKeyFiles()).toEqual([left, left])
  })

  it('can be done again, and mends the copy of the file that it made', { timeout: 60_000 }, async () => {
    const expectOpen = await makeKeys(generated)
    await rotate(generated)
    expect((await rotate(generated)).status).toBe(0)
    const [[name = ''] = []] = rootKeyFiles()
    const [path, copy] = [folder.rootKey.path, folder.rootKey.copyPath].map((one) => join(dirname(one), name))
    await writeFile(path ?? '', 'damaged')
    await expectOpen(generated)
    expect(await readFile(path ?? '', 'utf8')).toBe(await readFile(copy ?? '', 'utf8'))
  })

  it.each([
    ['settings of before are not the right ones', second, 'does not wrap its keys'],
    ['settings of before are not named', undefined, 'but the settings name the file kms_root.key'],
    ['the new root key is the old one', first, 'This root key wraps the keys already'],
  ] as const)('changes nothing where %s', { timeout: 60_000 }, async (_, from, sentence) => {
    const expectOpen = await makeKeys(first)
    const text = await readFile(folder.keysPath, 'utf8')
    const said = await rotate(from === first ? first : generated, from)
    expect(said).toMatchObject({ status: 1, said: expect.stringContaining(sentence) })
    expect(await readFile(folder.keysPath, 'utf8')).toBe(text)
    await expectOpen(first)
  })

  it('changes nothing where the material of a key is of another root key', { timeout: 60_000 }, async () => {
    await makeKeys(generated)
    const other = await makeKeyringFolder()
    const { keyring } = await other.open()
    await keyring.managedKey('s3', place)
    const [foreign] = (await other.readKeys()).keys
    await other.remove()
    const text = JSON.stringify({
      ...JSON.parse(await readFile(folder.keysPath, 'utf8')),
      keys: [foreign],
      aliases: [],
    })
    await writeFile(folder.keysPath, text)
    const said = await rotate(generated)
    expect(said).toMatchObject({
      status: 1,
      said: expect.stringContaining('cannot be decrypted by the present root key'),
    })
    expect(await readFile(folder.keysPath, 'utf8')).toBe(text)
  })

  it('refuses a folder without keys, and one that a server uses', { timeout: 60_000 }, async () => {
    expect(await rotate(generated)).toMatchObject({ status: 1, said: expect.stringContaining('There are no keys') })
    const server = await startServer({ root: folder.path })
    const launched = launch(['rotate-root-key'], { STORAGE_ROOT: join(folder.path, 'data') })
    expect(await launched.exited).toBe(1)
    expect(launched.output()).toContain('Stop it first: rotate-root-key needs the folder for itself.')
    await server.close()
  })

  const ways: readonly (readonly [string, Settings, Settings])[] = [
    ['a generated one to another', generated, generated],
    ['KMS_ROOT_KEY to a generated one', first, generated],
    ['a generated one to KMS_ROOT_KEY', generated, first],
  ]
  // Each takes about twenty processes: MYFSIO_CRASH_POINTS=all runs the other ways.
  it.each(process.env.MYFSIO_CRASH_POINTS === 'all' ? ways : ways.slice(0, 1))(
    'from %s, killed before any change of a file, leaves keys that open',
    { timeout: 300_000 },
    async (_, before, after) => {
      const expectOpen = await makeKeys(before)
      let changes = 0
      let isDone = false
      while (!isDone) {
        const { check } = (await folder.readKeys()).root ?? {}
        isDone = killed(before, after, ++changes) === null
        // The lock of an ended process: others wait ten seconds before they take it over.
        await rm(`${folder.keysPath}.lock`, { force: true })
        const isExchanged = (await folder.readKeys()).root?.check !== check
        await expectOpen(isExchanged ? after : before)
        // From the beginning, with the old root key.
        if (isExchanged && !isDone) {
          expect(killed(after, before, 0)).toBeNull()
          await expectOpen(before)
        }
      }
      expect(changes).toBeGreaterThan(4)
      const left = (await folder.readKeys()).root?.kind === 'file' ? 1 : 0
      expect(rootKeyFiles().map((names) => names.length)).toEqual([left, left])
    },
  )
})

const program = fileURLToPath(new URL('./exchange-program.ts', import.meta.url))
const killer = fileURLToPath(new URL('../crash/kill-at-change.mjs', import.meta.url))

/** The signal that ended it. */
function killed(from: Settings, to: Settings, at: number): NodeJS.Signals | null {
  const environment = { MYFSIO_KILL_AT_CHANGE: String(at), MYFSIO_KILL_IN: folder.path }
  const words = [
    JSON.stringify({ STORAGE_ROOT: folder.path, ...from }),
    JSON.stringify({ STORAGE_ROOT: folder.path, ...to }),
  ]
  const { signal, status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--import', killer, program, ...words],
    { env: { ...process.env, ...environment }, encoding: 'utf8' },
  )
  expect(status === 0 || signal === 'SIGKILL', stderr).toBe(true)
  return signal
}

const swap = (before: Settings, after: Settings) => [before, after, before] as const
const withItself = (settings: Settings) => [settings, settings, undefined] as const
