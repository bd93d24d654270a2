/** `myfsio fsck` and `--check-config` print the keys that objects use, and their problems. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEngine, openStore } from '#app/open-store.ts'
import type { JobServices, Run } from '#jobs/job.ts'
import { countUses, showUses } from '#jobs/key-uses.ts'
import { createKey } from '#keyring/changes/create-key.ts'
import { scheduleDeletion } from '#keyring/changes/key-state.ts'
import type { LocalKeyring } from '#keyring/local-keyring.ts'
import { systemClock } from '#lib/clock.ts'
import type { ObjectEncryption } from '#model/object/encryption.ts'
import { findKeyUses } from '#store/key-uses.ts'
import { type KeyringFolder, makeKeyringFolder } from '../keyring/open-test-keyring.ts'
import { attributes, bucketOf, silentLog } from '../store/fixtures.ts'
import { launch } from './launcher.ts'

const place = { account: '000000000000', region: 'us-east-1' }
let folder: KeyringFolder
let keyring: LocalKeyring
let used: string
let pending: string

beforeEach(async () => {
  folder = await makeKeyringFolder()
  ;({ keyring } = await folder.open())
  const keys = []
  for (const description of ['used', 'pending']) {
    keys.push(await createKey(keyring, { place, description, tags: {}, policy: {} }))
  }
  const [first, second] = keys.map(({ id }) => keyring.resolve(id, place).arn)
  used = first ?? ''
  pending = second ?? ''
  await sealObjects()
  await scheduleDeletion(keyring, keyring.get(pending, place), 7)
  await countAll()
}, 60_000)
afterEach(() => folder.remove())

const openParts = () => openEngine({ root: folder.path, durability: 'none', engine: 'lmdb' })

/** Two versions with one key, one with each other kind, an upload, and one that is not encrypted. */
async function sealObjects(): Promise<void> {
  const engine = openParts()
  const options = { root: folder.path, durability: 'none', watch: false, log: silentLog, isPrimary: false } as const
  const store = await openStore({ ...options, engine })
  const bucket = { ...bucketOf('Enabled'), name: 'sealed' }
  await store.createBucket(bucket)
  const put = async (key: string, encryption?: ObjectEncryption) => {
    const body = { source: Readable.from([Buffer.from(key)]), sizeBytes: key.length, maxBytes: 100, algorithms: [] }
    const sealing = encryption && { encryption, dataKeys: [Buffer.alloc(32, 1)] }
    const staged = await store.stage(body, sealing)
    const value = staged.digests.get('CRC64NVME')?.toString('base64') ?? ''
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value } as const
    await store.putObject({ bucket, key, staged, attributes, checksum, conditions: {} })
  }
  const kms = (keyArn: string) => ({ method: 'aws:kms', keyArn, wrappedKey: '' }) as const
  for (const key of ['one', 'one']) await put(key, kms(used))
  await put('two', kms(pending))
  await put('three', { method: 'AES256', wrappedKey: '' })
  await put('four', { method: 'SSE-C', wrappedKey: '' })
  await put('five')
  const encryption = kms(used)
  await store.createUpload({ bucket: 'sealed', key: 'upload', initiatorId: 'owner', attributes, encryption })
  await store.close()
}

async function countAll(): Promise<void> {
  const engine = openParts()
  let cursor: unknown
  const run = {
    signal: new AbortController().signal,
    engine,
    cursor: () => cursor,
    save: async (value: unknown) => {
      cursor = value
    },
  } as unknown as Run
  const services = { engine, keyring, clock: systemClock } as unknown as JobServices
  while ((await countUses(run, services)) === 'busy');
  expect((await findKeyUses(engine))?.counts).toEqual({ [used]: 3, [pending]: 1, server: 1 })
  expect(showUses(cursor, services)).toMatchObject({
    figures: [{ value: 5 }],
    problem: expect.stringMatching(/missing or pending/),
  })
  await engine.close()
}

async function run(...flags: string[]): Promise<{ status: number | null; output: string }> {
  const launched = launch(flags, { STORAGE_ROOT: folder.path })
  const status = await launched.exited
  return { status, output: launched.output() }
}

describe('--check-config', () => {
  it('says which keys objects use, and which of them will be deleted', { timeout: 60_000 }, async () => {
    const { status, output } = await run('--check-config')
    expect(status).toBe(0)
    expect(output).toContain('The settings are valid.\nAs counted at 20')
    expect(output).toContain(`3 versions are encrypted with ${used}.\n`)
    expect(output).toContain(`1 version is encrypted with ${pending}. The key ${pending} will be deleted at 20`)
    expect(output).toContain('1 version is encrypted with the key of the server (SSE-S3). The key of the server is not')
  })

  it('fails where the root key is lost', { timeout: 60_000 }, async () => {
    for (const path of [folder.rootKey.path, folder.rootKey.copyPath]) rmSync(path)
    const { status, output } = await run('--check-config')
    expect(status).toBe(1)
    expect(output).toContain(`The root key of the KMS is missing: ${folder.rootKey.path}`)
  })

  it('makes no keys where there are none', { timeout: 60_000 }, async () => {
    for (const path of [folder.keysPath, `${folder.keysPath}.last-good`]) rmSync(path)
    expect((await run('--check-config')).status).toBe(0)
    expect(() => readFileSync(folder.keysPath)).toThrow('ENOENT')
  })
})

describe('fsck', () => {
  it('counts what each key encrypts, and finds what no key opens', { timeout: 60_000 }, async () => {
    await keyring.serverKey.generate({})
    const { status, output } = await run('fsck')
    expect(output).toContain(`2 versions are encrypted with ${used}.`)
    expect([status, output]).toEqual([0, expect.stringContaining('The index and the files agree.')])
    const text = readFileSync(folder.keysPath, 'utf8')
    const document = JSON.parse(text)
    writeFileSync(folder.keysPath, JSON.stringify({ ...document, keys: document.keys.slice(1) }))
    const lost = await run('fsck')
    expect(lost.status).toBe(1)
    expect(lost.output).toMatch(
      new RegExp(
        `unreadable sealed/one \\(version \\w+\\): It cannot be opened. The key ${used} is not in kms_keys.json.`,
      ),
    )
  })
})
