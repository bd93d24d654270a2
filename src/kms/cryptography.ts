/**
 * Encryption and decryption with keys. Ciphertext contains its key and material. The encryption context must be the
 * same for decryption.
 */
import { randomBytes } from 'node:crypto'
import type { JsonInput } from '#http/aws-json/input.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { assertUsable } from '#keyring/key-lookup.ts'
import { ApiError } from '#model/errors.ts'
import type { EncryptionContext } from '#model/object/encryption.ts'
import { type KeyRequest, type KmsRequest, type KmsRow, keyRow } from './request.ts'
import { ciphertextBytes, contextCharactersMax, plaintextBytes, randomBytesAllowed, rules } from './rules.ts'
import { arnOfKey } from './shapes.ts'

const symmetric = 'SYMMETRIC_DEFAULT'
const algorithms = [symmetric, 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE']

const asked = (input: JsonInput) => ({ context: readContext(input, 'EncryptionContext') })

export const cryptographyRows: readonly KmsRow[] = [
  keyRow(
    'Encrypt',
    async ({ input, keyring, key }) => {
      const plaintext = input.getBytes('Plaintext', plaintextBytes)
      readCommon(input, key)
      const { context } = asked(input)
      const ciphertext = await keyring.encrypt(key, plaintext, context)
      refuseDryRun(input)
      return { CiphertextBlob: base64(ciphertext), KeyId: arnOfKey(key), EncryptionAlgorithm: symmetric }
    },
    { takesAlias: true, asked },
  ),
  {
    name: 'Decrypt',
    async run(request) {
      const { input, keyring } = request
      const ciphertext = input.getBytes('CiphertextBlob', ciphertextBytes)
      const { context } = asked(input)
      const key = sourceKey(request, 'kms:Decrypt', ciphertext, { named: 'KeyId', context })
      readCommon(input, key)
      const { plaintext, materialId } = await keyring.decrypt(ciphertext, context)
      refuseDryRun(input)
      return {
        KeyId: arnOfKey(key),
        Plaintext: base64(plaintext),
        EncryptionAlgorithm: symmetric,
        KeyMaterialId: materialId,
      }
    },
  },
  {
    name: 'ReEncrypt',
    async run(request) {
      const { input, keyring } = request
      const ciphertext = input.getBytes('CiphertextBlob', ciphertextBytes)
      const destinationId = input.get('DestinationKeyId', rules.keyId)
      const from = readContext(input, 'SourceEncryptionContext')
      const to = readContext(input, 'DestinationEncryptionContext')
      const source = sourceKey(request, 'kms:ReEncryptFrom', ciphertext, { named: 'SourceKeyId', context: from })
      const keys = { 'kms:reencryptonsamekey': String(destinationId.includes(source.id)) }
      const destination = request.authorizedKey('kms:ReEncryptTo', destinationId, { context: to, keys })
      for (const name of ['SourceEncryptionAlgorithm', 'DestinationEncryptionAlgorithm']) readAlgorithm(input, name)
      assertUsable(destination)
      readCommon(input, source)
      const { plaintext, materialId } = await keyring.decrypt(ciphertext, from)
      const again = await keyring.encrypt(destination, plaintext, to)
      refuseDryRun(input)
      return {
        CiphertextBlob: base64(again),
        SourceKeyId: arnOfKey(source),
        KeyId: arnOfKey(destination),
        SourceEncryptionAlgorithm: symmetric,
        DestinationEncryptionAlgorithm: symmetric,
        SourceKeyMaterialId: materialId,
        DestinationKeyMaterialId: currentMaterial(destination),
      }
    },
  },
  keyRow(
    'GenerateDataKey',
    async (request) => {
      const { plaintext, ...wrapped } = await generate(request)
      return { ...wrapped, Plaintext: base64(plaintext) }
    },
    { takesAlias: true, asked },
  ),
  keyRow(
    'GenerateDataKeyWithoutPlaintext',
    async (request) => {
      const { plaintext: _, ...wrapped } = await generate(request)
      return wrapped
    },
    { takesAlias: true, asked },
  ),
  {
    name: 'GenerateRandom',
    run(request) {
      const { input } = request
      const count = input.findNumber('NumberOfBytes', randomBytesAllowed)
      if (count === undefined) throw new ApiError('ValidationException', { message: 'NumberOfBytes is required.' })
      if (input.has('CustomKeyStoreId') || input.has('Recipient')) throw unsupported()
      request.authorizeArn('kms:GenerateRandom', '*')
      return { Plaintext: base64(randomBytes(count)) }
    },
  },
]

async function generate({ input, keyring, key }: KeyRequest) {
  const spec = input.findChoice('KeySpec', ['AES_256', 'AES_128'])
  const count = input.findNumber('NumberOfBytes', randomBytesAllowed)
  if ((spec === undefined) === (count === undefined)) {
    throw new ApiError('ValidationException', { message: 'Please specify either number of bytes or key spec.' })
  }
  readCommon(input, key)
  const plaintext = randomBytes(count ?? (spec === 'AES_256' ? 32 : 16))
  const ciphertext = await keyring.encrypt(key, plaintext, asked(input).context)
  refuseDryRun(input)
  return { CiphertextBlob: base64(ciphertext), KeyId: arnOfKey(key), KeyMaterialId: currentMaterial(key), plaintext }
}

/** The key of a ciphertext, once the caller may use it. KMS.IncorrectKeyException if the request names another key. */
function sourceKey(
  request: KmsRequest,
  action: string,
  ciphertext: Buffer,
  { named, context }: { readonly named: string; readonly context: EncryptionContext },
): KeyEntry {
  const { input, keyring, place } = request
  const keyId = input.find(named, rules.keyId)
  const key = keyring.keyOf(ciphertext)
  if (key.region !== place.region) throw new ApiError('KMS.InvalidCiphertextException')
  request.authorizeKey(action, key, { context })
  if (keyId !== undefined && keyring.get(keyId, place).id !== key.id) throw new ApiError('KMS.IncorrectKeyException')
  return key
}

/** The parameters that every use of a key has. */
function readCommon(input: JsonInput, key: KeyEntry): void {
  readAlgorithm(input, 'EncryptionAlgorithm')
  if (input.has('Recipient') || input.has('DryRunModifiers')) throw unsupported()
  const [token] = input.findList('GrantTokens') ?? []
  if (token !== undefined) throw new ApiError('KMS.InvalidGrantTokenException')
  assertUsable(key)
}

/** KMS.DryRunOperationException: all checks passed, and no result is returned. */
function refuseDryRun(input: JsonInput): void {
  if (input.findFlag('DryRun') === true) throw new ApiError('KMS.DryRunOperationException')
}

function readAlgorithm(input: JsonInput, name: string): void {
  const algorithm = input.findChoice(name, algorithms)
  if (algorithm === undefined || algorithm === symmetric) return
  throw new ApiError('KMS.InvalidKeyUsageException', {
    message: `Algorithm ${algorithm} and key spec ${symmetric} are incompatible.`,
  })
}

/** ValidationException. */
function readContext(input: JsonInput, name: string): EncryptionContext {
  const context = input.texts(name)
  if (JSON.stringify(context).length <= contextCharactersMax) return context
  throw new ApiError('ValidationException', {
    message: `${name} may have up to ${contextCharactersMax} characters.`,
  })
}

const base64 = (bytes: Buffer): string => bytes.toString('base64')
const currentMaterial = ({ materials }: KeyEntry): string | undefined => materials.at(-1)?.id
const unsupported = (): ApiError => new ApiError('KMS.UnsupportedOperationException')
