import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KeyringFolder, makeKeyringFolder } from './open-test-keyring.ts'

const place = { account: '000000000000', region: 'us-east-1' }
const unavailable = { code: 'KMS.KeyUnavailableException' }
let folder: KeyringFolder
let wrapped: Buffer
let plaintext: Buffer
let arn: string
beforeEach(async () => {
  folder = await makeKeyringFolder()
})
afterEach(() => folder.remove())

async function makeKey(settings: Readonly<Record<string, string>> = {}) {
  const { keyring } = await folder.open(settings)
  ;({ arn } = await keyring.managedKey('s3', place))
  ;({ wrapped, plaintext } = await keyring.generateDataKey(arn, {}))
}

/** A start finds no root key for the existing keys, reports it, and makes no other. */
async function expectRefused(sentence: string, settings: Readonly<Record<string, string>> = {}) {
  const before = await readFile(folder.keysPath, 'utf8')
  const opened = await folder.open(settings)
  const { keyring } = opened
  expect(folder.errors.at(-1)).toContain(sentence)
  expect(opened.problem?.message).toContain(sentence)
  await expect(keyring.unwrap(wrapped, {})).rejects.toMatchObject(unavailable)
  await expect(keyring.generateDataKey(arn, {})).rejects.toMatchObject(unavailable)
  await expect(keyring.serverKey.generate({})).rejects.toMatchObject(unavailable)
  await expect(keyring.managedKey('s3', { ...place, region: 'eu-west-1' })).rejects.toMatchObject(unavailable)
  expect(await readFile(folder.keysPath, 'utf8')).toBe(before)
  return keyring
}

const damages: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['missing', (path) => rm(path)],
  ['cut off', (path) => truncate(path, 40)],
  ['empty', (path) => truncate(path, 0)],
  [
    'changed in one character',
    async (path) => {
      const text = await readFile(path, 'utf8')
      await writeFile(path, text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21))
    },
  ],
]

describe('the generated root key', () => {
  it('is made once by requests that are the first together, in several processes', async () => {
    const processes = await Promise.all([folder.open(), folder.open()])
    const firsts = processes.flatMap(({ keyring }) => Array.from({ length: 16 }, () => keyring.serverKey.generate({})))
    for (const { wrapped, plaintext } of await Promise.all(firsts)) {
      expect(await (await folder.open()).keyring.serverKey.unwrap(wrapped, {})).toEqual(plaintext)
    }
  })

  it.each(damages)('is mended from its copy, either of which may be %s', async (_name, damage) => {
    await makeKey()
    const { path, copyPath } = folder.rootKey
    const text = await readFile(path, 'utf8')
    for (const damaged of [path, copyPath]) {
      await damage(damaged)
      expect(await (await folder.open()).keyring.unwrap(wrapped, {})).toEqual(plaintext)
      expect([await readFile(path, 'utf8'), await readFile(copyPath, 'utf8')]).toEqual([text, text])
    }
    expect(folder.errors).toEqual([])
  })

  it.each(damages)('is refused while both copies are %s, and found again once one is back', async (name, damage) => {
    await makeKey()
    const { path, copyPath } = folder.rootKey
    await copyFile(path, `${path}.kept`)
    await damage(path)
    await damage(copyPath)
    const keyring = await expectRefused(
      `The root key of the KMS ${name === 'missing' ? 'is missing' : 'is damaged'}: ${path}, and its copy`,
    )
    await copyFile(`${path}.kept`, copyPath)
    expect(await keyring.unwrap(wrapped, {})).toEqual(plaintext)
  })

  it('is refused if it is of another folder', async () => {
    await makeKey()
    const other = await makeKeyringFolder()
    await (await other.open()).keyring.managedKey('s3', place)
    await copyFile(other.rootKey.path, folder.rootKey.path)
    await expectRefused('The root key of the KMS is not the same in')
    await copyFile(other.rootKey.path, folder.rootKey.copyPath)
    await expectRefused('does not wrap its keys')
    await other.remove()
  })

  it('is one for two processes that begin at once', async () => {
    const [one, other] = [(await folder.open()).keyring, (await folder.open()).keyring]
    const [key, otherKey] = await Promise.all([one.serverKey.generate({}), other.serverKey.generate({})])
    expect(await other.serverKey.unwrap(key.wrapped, {})).toEqual(key.plaintext)
    expect(await one.serverKey.unwrap(otherKey.wrapped, {})).toEqual(otherKey.plaintext)
  })
})

describe('KMS_ROOT_KEY', () => {
  const settings = { KMS_ROOT_KEY: 'a root key of more than thirty-two characters' }

  it('wraps the keys without a file', async () => {
    await makeKey(settings)
    await expect(readFile(folder.rootKey.path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await (await folder.open(settings)).keyring.unwrap(wrapped, {})).toEqual(plaintext)
  })

  it('is refused if it is another, or absent', async () => {
    await makeKey(settings)
    await expectRefused('does not wrap its keys: KMS_ROOT_KEY has changed', {
      KMS_ROOT_KEY: 'another root key of more than thirty-two characters',
    })
    await expectRefused('are wrapped by KMS_ROOT_KEY, but the settings name the file kms_root.key')
    await expect(readFile(folder.rootKey.path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('must be long', async () => {
    await expect(folder.open({ KMS_ROOT_KEY: 'short' })).rejects.toThrow('must be at least 32 characters')
  })
})

describe('kms_keys.json edited by hand', () => {
  it('takes effect at once', async () => {
    await makeKey()
    const { keyring } = await folder.open()
    await folder.edit((text) => text.replace('"isEnabled": true', '"isEnabled": false'))
    await expect(keyring.unwrap(wrapped, {})).rejects.toMatchObject({ code: 'KMS.DisabledException' })
    expect(() => keyring.resolve(arn, place)).toThrow(`${arn} is disabled.`)
  })

  it.each([
    ['material is damaged', (text: string) => text.replace(/"wrapped": ".{4}/, '"wrapped": "AAAA'), 'is damaged'],
    ['the root key is not named', (text: string) => text.replace(/"root": \{[^}]*\},/, ''), 'the root key'],
    ['an alias leads nowhere', (text: string) => text.replace(/"keyId": "[^"]*"/, '"keyId": "none"'), 'no key none'],
  ])('does not take effect while %s', async (_name, change, problem) => {
    await makeKey()
    const before = await readFile(folder.keysPath, 'utf8')
    const running = await folder.open()
    await folder.edit(change)
    expect(await readFile(folder.keysPath, 'utf8')).not.toBe(before)
    for (const { keyring } of [running, await folder.open()]) {
      expect(await keyring.unwrap(wrapped, {})).toEqual(plaintext)
    }
    expect(running.problem?.message).toContain(problem)
  })
})
