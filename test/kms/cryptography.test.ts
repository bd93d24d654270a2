import * as aws from '@aws-sdk/client-kms'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failure } from '../iam/client.ts'
import { startApp, type TestApp } from '../iam/start-app.ts'

let app: TestApp
let kms: aws.KMSClient
let key: { KeyId: string; Arn: string }
beforeAll(async () => {
  app = await startApp()
  kms = app.kms()
  key = await createKey()
})
afterAll(() => app.close())

async function createKey() {
  const { KeyMetadata } = await kms.send(new aws.CreateKeyCommand({}))
  return KeyMetadata as { KeyId: string; Arn: string }
}
const Plaintext = Buffer.from('what nobody else may read')
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()
async function encrypt(KeyId: string, EncryptionContext?: Record<string, string>): Promise<Uint8Array> {
  const { CiphertextBlob } = await kms.send(new aws.EncryptCommand({ KeyId, Plaintext, EncryptionContext }))
  return CiphertextBlob ?? new Uint8Array()
}
const decrypt = (CiphertextBlob: Uint8Array, more: Partial<aws.DecryptCommandInput> = {}) =>
  kms.send(new aws.DecryptCommand({ CiphertextBlob, ...more }))
const invalidCiphertext = failure('InvalidCiphertext')

describe('Encrypt and Decrypt', () => {
  it('bring back what was encrypted, with the key found in the ciphertext', async () => {
    const ciphertext = await encrypt(key.KeyId, { b: '2', a: '1' })
    const answer = await decrypt(ciphertext, { EncryptionContext: { a: '1', b: '2' } })
    expect(answer).toMatchObject({ KeyId: key.Arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' })
    expect(answer.KeyMaterialId).toMatch(/^[0-9a-f]{64}$/)
    expect(text(answer.Plaintext)).toBe(Plaintext.toString())
    expect(Buffer.from(await encrypt(key.KeyId))).not.toEqual(Buffer.from(await encrypt(key.KeyId)))
  })

  it('refuse another context, and what was changed or cut', async () => {
    const ciphertext = await encrypt(key.KeyId, { a: '1' })
    for (const EncryptionContext of [undefined, { a: '2' }, { b: '1' }, { a: '1', b: '' }]) {
      await expect(decrypt(ciphertext, { EncryptionContext })).rejects.toEqual(invalidCiphertext)
    }
    for (const at of [0, 1, 40, 70, ciphertext.length - 1]) {
      const changed = Uint8Array.from(ciphertext, (byte, index) => (index === at ? byte ^ 1 : byte))
      await expect(decrypt(changed, { EncryptionContext: { a: '1' } })).rejects.toEqual(invalidCiphertext)
    }
    await expect(decrypt(ciphertext.subarray(0, 90))).rejects.toEqual(invalidCiphertext)
    await expect(decrypt(Buffer.from('none'))).rejects.toEqual(invalidCiphertext)
  })

  it('refuse another key than the one in the ciphertext, which cannot be exchanged either', async () => {
    const other = await createKey()
    const ciphertext = await encrypt(key.KeyId)
    await expect(decrypt(ciphertext, { KeyId: other.KeyId })).rejects.toEqual(
      failure('IncorrectKey', 'The key ID in the request does not identify a CMK that can perform this operation.'),
    )
    expect(text((await decrypt(ciphertext, { KeyId: key.Arn })).Plaintext)).toBe(Plaintext.toString())
    const confused = Buffer.from(ciphertext)
    confused.write(other.KeyId, 1, 'latin1')
    await expect(decrypt(confused)).rejects.toEqual(invalidCiphertext)
    // The header of one ciphertext before the encrypted bytes of another.
    const foreign = Buffer.concat([(await encrypt(other.KeyId)).subarray(0, 85), ciphertext.subarray(85)])
    await expect(decrypt(foreign)).rejects.toEqual(invalidCiphertext)
  })

  it('take up to 4096 bytes', async () => {
    const send = (bytes: number) =>
      kms.send(new aws.EncryptCommand({ KeyId: key.KeyId, Plaintext: Buffer.alloc(bytes, 'a') }))
    const { CiphertextBlob = new Uint8Array() } = await send(4096)
    expect((await decrypt(CiphertextBlob)).Plaintext).toHaveLength(4096)
    const where =
      "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length"
    await expect(send(4097)).rejects.toEqual(failure('Validation', `${where} less than or equal to 4096`))
    await expect(send(0)).rejects.toEqual(failure('Validation', `${where} greater than or equal to 1`))
  })
})

describe('ReEncrypt', () => {
  it('moves ciphertext to another key and context', async () => {
    const other = await createKey()
    const CiphertextBlob = await encrypt(key.KeyId, { a: '1' })
    const moved = await kms.send(
      new aws.ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: { a: '1' },
        DestinationKeyId: other.KeyId,
        DestinationEncryptionContext: { b: '2' },
      }),
    )
    expect(moved).toMatchObject({ SourceKeyId: key.Arn, KeyId: other.Arn })
    const answer = await decrypt(moved.CiphertextBlob ?? new Uint8Array(), { EncryptionContext: { b: '2' } })
    expect([answer.KeyId, text(answer.Plaintext)]).toEqual([other.Arn, Plaintext.toString()])
    await expect(kms.send(new aws.ReEncryptCommand({ CiphertextBlob, DestinationKeyId: other.KeyId }))).rejects.toEqual(
      invalidCiphertext,
    )
  })
})

describe('GenerateDataKey', () => {
  const generate = (more: Partial<aws.GenerateDataKeyCommandInput>) =>
    kms.send(new aws.GenerateDataKeyCommand({ KeyId: key.KeyId, ...more }))

  it('gives a key in clear and wrapped', async () => {
    for (const [more, bytes] of [
      [{ KeySpec: 'AES_256' }, 32],
      [{ KeySpec: 'AES_128' }, 16],
      [{ NumberOfBytes: 64 }, 64],
    ] as const) {
      const made = await generate({ ...more, EncryptionContext: { a: '1' } })
      expect([made.KeyId, made.Plaintext?.length]).toEqual([key.Arn, bytes])
      const opened = await decrypt(made.CiphertextBlob ?? new Uint8Array(), { EncryptionContext: { a: '1' } })
      expect(opened.Plaintext).toEqual(made.Plaintext)
    }
  })

  it('gives it wrapped only', async () => {
    const command = new aws.GenerateDataKeyWithoutPlaintextCommand({ KeyId: key.KeyId, KeySpec: 'AES_256' })
    const made = await kms.send(command)
    expect(made).not.toHaveProperty('Plaintext')
    expect((await decrypt(made.CiphertextBlob ?? new Uint8Array())).Plaintext).toHaveLength(32)
  })

  it('wants a size, once', async () => {
    const message = 'Please specify either number of bytes or key spec.'
    await expect(generate({})).rejects.toEqual(failure('Validation', message))
    await expect(generate({ KeySpec: 'AES_256', NumberOfBytes: 32 })).rejects.toEqual(failure('Validation', message))
    await expect(generate({ NumberOfBytes: 1025 })).rejects.toEqual(
      failure(
        'Validation',
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
      ),
    )
  })
})

describe('GenerateRandom', () => {
  it('gives as many bytes as are asked for', async () => {
    const random = async (NumberOfBytes?: number) =>
      (await kms.send(new aws.GenerateRandomCommand(NumberOfBytes === undefined ? {} : { NumberOfBytes }))).Plaintext
    expect(await random(24)).toHaveLength(24)
    expect(await random(24)).not.toEqual(await random(24))
    await expect(random()).rejects.toEqual(failure('Validation', 'NumberOfBytes is required.'))
    await expect(random(0)).rejects.toEqual(
      failure('Validation', /Value '0' at 'numberOfBytes'.*Member must have value greater than or equal to 1$/),
    )
  })
})

describe('a dry run', () => {
  const wouldSucceed = failure('DryRunOperation', 'The request would have succeeded, but the DryRun option is set.')

  it('says whether it would succeed, and does nothing', async () => {
    const { KeyId } = key
    const ciphertext = await encrypt(KeyId)
    await expect(kms.send(new aws.EncryptCommand({ KeyId, Plaintext, DryRun: true }))).rejects.toEqual(wouldSucceed)
    await expect(decrypt(ciphertext, { DryRun: true })).rejects.toEqual(wouldSucceed)
    await expect(decrypt(ciphertext, { DryRun: true, EncryptionContext: { a: '1' } })).rejects.toEqual(
      invalidCiphertext,
    )
    for (const command of [
      new aws.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', DryRun: true }),
      new aws.ReEncryptCommand({ CiphertextBlob: ciphertext, DestinationKeyId: KeyId, DryRun: true }),
    ]) {
      await expect(kms.send(command as aws.GenerateDataKeyCommand)).rejects.toEqual(wouldSucceed)
    }
  })
})

describe('rotation', () => {
  it('on demand keeps all material: what earlier material wrapped opens, by it', async () => {
    const { KeyId, Arn } = await createKey()
    const before = await encrypt(KeyId)
    expect((await kms.send(new aws.RotateKeyOnDemandCommand({ KeyId }))).KeyId).toBe(Arn)
    const after = await encrypt(KeyId)
    const [one, other] = [await decrypt(before), await decrypt(after)]
    expect([text(one.Plaintext), text(other.Plaintext)]).toEqual([Plaintext.toString(), Plaintext.toString()])
    expect(one.KeyMaterialId).not.toBe(other.KeyMaterialId)
    const list = async (IncludeKeyMaterial?: aws.IncludeKeyMaterial) =>
      (await kms.send(new aws.ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial }))).Rotations ?? []
    expect(await list()).toEqual([
      {
        KeyId: Arn,
        KeyMaterialId: other.KeyMaterialId,
        KeyMaterialState: 'CURRENT',
        RotationDate: expect.any(Date),
        RotationType: 'ON_DEMAND',
      },
    ])
    const states = (await list('ALL_KEY_MATERIAL')).map(({ KeyMaterialId, KeyMaterialState }) => [
      KeyMaterialId,
      KeyMaterialState,
    ])
    expect(states).toEqual([
      [one.KeyMaterialId, 'NON_CURRENT'],
      [other.KeyMaterialId, 'CURRENT'],
    ])
  })

  it('on demand has an end', async () => {
    const { KeyId } = await createKey()
    const rotate = () => kms.send(new aws.RotateKeyOnDemandCommand({ KeyId }))
    for (let at = 0; at < 25; at++) await rotate()
    await expect(rotate()).rejects.toEqual(failure('LimitExceeded'))
  })

  it('has a period of 90 to 2560 days', async () => {
    const { KeyId } = await createKey()
    for (const days of [89, 2561]) {
      const command = new aws.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: days })
      await expect(kms.send(command)).rejects.toEqual(failure('Validation', /at 'rotationPeriodInDays'/))
    }
    await kms.send(new aws.EnableKeyRotationCommand({ KeyId }))
    expect(await kms.send(new aws.GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({ RotationPeriodInDays: 365 })
  })
})
