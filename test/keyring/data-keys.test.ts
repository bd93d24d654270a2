import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KeyringFolder, makeKeyringFolder } from './open-test-keyring.ts'

const place = { account: '000000000000', region: 'us-east-1' }
const context = { 'aws:s3:arn': 'arn:aws:s3:::photos/a.jpg' }
let folder: KeyringFolder
beforeEach(async () => {
  folder = await makeKeyringFolder()
})
afterEach(() => folder.remove())

describe('the AWS-managed key of S3', () => {
  it('is made at first use, once for an account and region', async () => {
    const { keyring } = await folder.open()
    const key = await keyring.managedKey('s3', place)
    expect(key).toMatchObject({ manager: 'AWS', state: 'Enabled', aliases: ['alias/aws/s3'], region: 'us-east-1' })
    expect(key.arn).toBe(`arn:aws:kms:us-east-1:000000000000:key/${key.id}`)
    expect(await keyring.managedKey('s3', place)).toEqual(key)
    expect((await keyring.managedKey('s3', { ...place, region: 'eu-west-1' })).id).not.toBe(key.id)
    expect((await keyring.managedKey('s3', { ...place, account: '111111111111' })).id).not.toBe(key.id)
  })

  it('is the same in two processes that begin at once', async () => {
    const [one, other] = [await folder.open(), await folder.open()]
    const keys = await Promise.all([one, other].map(({ keyring }) => keyring.managedKey('s3', place)))
    expect(keys[0]).toEqual(keys[1])
    expect((await folder.readKeys()).keys).toHaveLength(1)
  })

  it('is found by id, ARN, alias and alias ARN, in its account and region', async () => {
    const { keyring } = await folder.open()
    const { id, arn } = await keyring.managedKey('s3', place)
    const aliasArn = 'arn:aws:kms:us-east-1:000000000000:alias/aws/s3'
    for (const name of [id, arn, 'alias/aws/s3', aliasArn]) expect(keyring.resolve(name, place).arn).toBe(arn)
    const refusal = (name: string, at = place) => {
      try {
        return keyring.resolve(name, at)
      } catch (error) {
        return String(error)
      }
    }
    const unknown = '12345678-1234-1234-1234-123456789012'
    expect(refusal('nonsense')).toBe("ApiError: Invalid keyId 'nonsense'")
    expect(refusal(unknown)).toBe(`ApiError: Key 'arn:aws:kms:us-east-1:000000000000:key/${unknown}' does not exist`)
    expect(refusal(arn, { ...place, region: 'eu-west-1' })).toBe('ApiError: Invalid arn us-east-1')
    expect(refusal(id, { ...place, account: '111111111111' })).toContain('does not exist')
    expect(refusal('alias/none')).toBe('ApiError: Alias arn:aws:kms:us-east-1:000000000000:alias/none is not found.')
  })
})

describe('data keys', () => {
  it('open with the same context only, in every process and after a restart', async () => {
    const { keyring } = await folder.open()
    const { arn } = await keyring.managedKey('s3', place)
    const { plaintext, wrapped, keyArn } = await keyring.generateDataKey(arn, { ...context, b: '2', a: '1' })
    expect([keyArn, plaintext.length]).toEqual([arn, 32])
    const later = (await folder.open()).keyring
    expect(await later.unwrap(wrapped, { a: '1', b: '2', ...context })).toEqual(plaintext)
    for (const other of [{}, context, { ...context, a: '1', b: '3' }, { ...context, b: '1', a: '2' }]) {
      await expect(later.unwrap(wrapped, other)).rejects.toMatchObject({ code: 'KMS.InvalidCiphertextException' })
    }
  })

  it('differ each time, and do not open once changed or cut', async () => {
    const { keyring } = await folder.open()
    const { arn } = await keyring.managedKey('s3', place)
    const one = await keyring.generateDataKey(arn, context)
    expect(one.plaintext).not.toEqual((await keyring.generateDataKey(arn, context)).plaintext)
    for (let at = 0; at < one.wrapped.length; at++) {
      const changed = Buffer.from(one.wrapped)
      changed[at] = (changed[at] ?? 0) ^ 1
      await expect(keyring.unwrap(changed, context)).rejects.toMatchObject({ code: 'KMS.InvalidCiphertextException' })
    }
    for (const length of [0, 1, 85, one.wrapped.length - 1]) {
      const cut = keyring.unwrap(one.wrapped.subarray(0, length), context)
      await expect(cut).rejects.toMatchObject({ code: 'KMS.InvalidCiphertextException' })
    }
  })

  it('of the server are shown by no key, and neither kind opens as the other', async () => {
    const { keyring } = await folder.open()
    const { arn } = await keyring.managedKey('s3', place)
    const own = await keyring.serverKey.generate(context)
    expect(await (await folder.open()).keyring.serverKey.unwrap(own.wrapped, context)).toEqual(own.plaintext)
    const { server, keys } = await folder.readKeys()
    expect(keys).toHaveLength(1)
    expect(() => keyring.resolve(server?.id ?? '', place)).toThrow('does not exist')
    const ofKms = await keyring.generateDataKey(arn, context)
    const refused = { code: 'KMS.InvalidCiphertextException' }
    await expect(keyring.unwrap(own.wrapped, context)).rejects.toMatchObject(refused)
    await expect(keyring.serverKey.unwrap(ofKms.wrapped, context)).rejects.toMatchObject(refused)
    await expect(keyring.serverKey.unwrap(own.wrapped, {})).rejects.toMatchObject(refused)
  })
})

describe('the files', () => {
  it('are readable by the server only, and hold neither keys nor data keys in clear', async () => {
    const { keyring } = await folder.open()
    await keyring.managedKey('s3', place)
    for (const path of [folder.keysPath, folder.rootKey.path, folder.rootKey.copyPath]) {
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
  })

  it('are not made before the first key is needed', async () => {
    await folder.open()
    expect(statSync(folder.rootKey.path, { throwIfNoEntry: false })).toBeUndefined()
    expect((await folder.readKeys()).root).toBeUndefined()
  })
})
