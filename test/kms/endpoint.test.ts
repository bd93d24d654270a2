/** KMS_ENDPOINT: the root key is wrapped by a key of another server. */
import * as aws from '@aws-sdk/client-kms'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rootKeys, startApp, type TestApp } from '../iam/start-app.ts'
import { type KeyringFolder, makeKeyringFolder } from '../keyring/open-test-keyring.ts'
import { launch } from '../launcher/launcher.ts'

const place = { account: '000000000000', region: 'us-east-1' }
const unavailable = { code: 'KMS.KeyUnavailableException' }
let outside: TestApp
let folder: KeyringFolder
let settings: Record<string, string>
let KeyId: string
beforeAll(async () => {
  outside = await startApp()
})
afterAll(() => outside.close())
beforeEach(async () => {
  folder = await makeKeyringFolder()
  const { KeyMetadata } = await outside.kms().send(new aws.CreateKeyCommand({}))
  KeyId = KeyMetadata?.KeyId ?? ''
  settings = {
    KMS_ENDPOINT: outside.endpoint,
    KMS_ENDPOINT_KEY_ID: KeyId,
    KMS_ENDPOINT_ACCESS_KEY: rootKeys.accessKeyId,
    KMS_ENDPOINT_SECRET_KEY: rootKeys.secretAccessKey,
  }
})
afterEach(() => folder.remove())

async function makeDataKey() {
  const { keyring } = await folder.open(settings)
  const { arn } = await keyring.managedKey('s3', place)
  return keyring.generateDataKey(arn, {})
}

describe('KMS_ENDPOINT', () => {
  it('keeps the root key, which no file holds, through restarts and rotations there', async () => {
    const { wrapped, plaintext } = await makeDataKey()
    const { root } = await folder.readKeys()
    expect(root).toMatchObject({ kind: 'endpoint', wrapped: expect.any(String) })
    await outside.kms().send(new aws.RotateKeyOnDemandCommand({ KeyId }))
    expect(await (await folder.open(settings)).keyring.unwrap(wrapped, {})).toEqual(plaintext)
    expect(folder.errors).toEqual([])
  })

  it('takes one root key for two processes that begin at once', async () => {
    const [one, other] = [(await folder.open(settings)).keyring, (await folder.open(settings)).keyring]
    const [first, second] = await Promise.all([one.serverKey.generate({}), other.serverKey.generate({})])
    expect(await other.serverKey.unwrap(first.wrapped, {})).toEqual(first.plaintext)
    expect(await one.serverKey.unwrap(second.wrapped, {})).toEqual(second.plaintext)
  })

  it('is asked again once it lets the key be used, and says meanwhile why not', async () => {
    const { wrapped, plaintext } = await makeDataKey()
    await outside.kms().send(new aws.DisableKeyCommand({ KeyId }))
    const { keyring } = await folder.open(settings)
    expect(folder.errors.at(-1)).toMatch(
      /which keeps the root key, refuses Decrypt: DisabledException: arn:.*is disabled\.$/,
    )
    await expect(keyring.unwrap(wrapped, {})).rejects.toMatchObject(unavailable)
    await outside.kms().send(new aws.EnableKeyCommand({ KeyId }))
    expect(await keyring.unwrap(wrapped, {})).toEqual(plaintext)
  })

  it.each(['http://8.8.8.8', 'http://[2001:4860:4860::8888]'])(
    '%s is not asked: without TLS, it would be read on its way',
    async (url) => {
      await makeDataKey()
      await folder.open({ ...settings, KMS_ENDPOINT: url })
      expect(folder.errors.at(-1)).toContain('cannot be reached: its address is public, and it has no TLS.')
      const launched = launch([], { ...settings, STORAGE_ROOT: folder.path, KMS_ENDPOINT: url })
      expect(await launched.exited).toBe(1)
      expect(launched.output()).toContain(`KMS_ENDPOINT cannot be ${url}:`)
      expect(launched.output()).toContain('is a public address, and without TLS the root key could be read on its way')
    },
  )

  it('that does not answer, or is another, opens nothing and is given no new root key', async () => {
    const { wrapped } = await makeDataKey()
    const before = await folder.readKeys()
    const { KeyMetadata } = await outside.kms().send(new aws.CreateKeyCommand({}))
    for (const [change, sentence] of [
      [{ KMS_ENDPOINT: 'http://127.0.0.1:1' }, 'cannot be reached'],
      [{ KMS_ENDPOINT_KEY_ID: KeyMetadata?.KeyId ?? '' }, 'refuses Decrypt: IncorrectKeyException'],
      [{ KMS_ENDPOINT_SECRET_KEY: 'wrong' }, 'refuses Decrypt: InvalidSignatureException'],
    ] as const) {
      const { keyring } = await folder.open({ ...settings, ...change })
      expect(folder.errors.at(-1)).toContain(sentence)
      await expect(keyring.serverKey.generate({})).rejects.toMatchObject(unavailable)
      await expect(keyring.unwrap(wrapped, {})).rejects.toMatchObject(unavailable)
    }
    expect(await folder.readKeys()).toEqual(before)
  })

  it('needs its key and credentials, and stands alone', async () => {
    const { KMS_ENDPOINT_KEY_ID: _, ...others } = settings
    await expect(folder.open(others)).rejects.toThrow('must be given together')
    const both = { ...settings, KMS_ROOT_KEY: 'a root key of more than thirty-two characters' }
    await expect(folder.open(both)).rejects.toThrow('the root key has one origin')
  })
})
