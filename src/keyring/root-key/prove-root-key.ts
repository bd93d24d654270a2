/** The check in a root key's record: it can be decrypted with the right root key only. */
import { hkdfSync } from 'node:crypto'
import type { RootRecord } from '#keyring/key-document.ts'
import { openBytes, sealBytes } from '#keyring/sealed-bytes.ts'
import { RootKeyProblem, type RootKeySource, type RootSecret } from './root-key-source.ts'

const checkText = 'myfsio root key'
const origins = {
  file: 'the file kms_root.key',
  setting: 'KMS_ROOT_KEY',
  endpoint: 'the KMS at KMS_ENDPOINT',
} as const

/** The key that wraps material. Throws RootKeyProblem if the root key is not the record's. */
export async function proveRootKey(source: RootKeySource, root: RootRecord): Promise<Buffer> {
  const { kind } = source
  if (kind !== root.kind) {
    throw new RootKeyProblem(
      `The keys of the KMS are wrapped by ${origins[root.kind]}, but the settings name ${origins[kind]}.`,
    )
  }
  const key = keyFrom(await source.open(root))
  if (openBytes(key, Buffer.from(root.check, 'base64'))?.toString() === checkText) return key
  throw new RootKeyProblem(`The root key of the KMS does not wrap its keys: ${origins[kind]} has changed.`)
}

/** The record of a root key for the document, and the key that wraps material. */
export function recordOf(
  kind: RootRecord['kind'],
  { secret, wrapped, file }: RootSecret,
): { readonly root: RootRecord; readonly key: Buffer } {
  const key = keyFrom(secret)
  const check = sealBytes(key, checkText).toString('base64')
  const found = {
    ...(wrapped === undefined ? {} : { wrapped: wrapped.toString('base64') }),
    ...(file === undefined ? {} : { file }),
  }
  return { root: { kind, check, ...found }, key }
}

const keyFrom = (secret: Buffer): Buffer => Buffer.from(hkdfSync('sha256', secret, 'myfsio', 'kms root key', 32))
