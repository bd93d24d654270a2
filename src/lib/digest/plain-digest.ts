/** Running digests that need no package: CRCs, and what Node's OpenSSL has. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { finishCrc, startCrc, updateCrc, type WasmCrc } from './crc-wasm.ts'

export type CryptoName = 'SHA1' | 'SHA256' | 'SHA512' | 'MD5'
export type PlainDigestName = 'CRC32' | WasmCrc | CryptoName

export interface RunningDigest {
  update(bytes: Uint8Array): void
  /** At most once, and nothing after it. */
  digest(): Buffer
}

export const cryptoNames: Readonly<Record<CryptoName, string>> = {
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA512: 'sha512',
  MD5: 'md5',
}

export function startPlainDigest(name: PlainDigestName): RunningDigest {
  switch (name) {
    case 'CRC32':
      return runningCrc32()
    case 'CRC32C':
    case 'CRC64NVME':
      return runningCrc(name)
    default:
      return createHash(cryptoNames[name])
  }
}

function runningCrc32(): RunningDigest {
  let crc = 0
  return {
    update(bytes) {
      crc = crc32(bytes, crc)
    },
    digest: () => fourBytes(crc),
  }
}

function runningCrc(name: WasmCrc): RunningDigest {
  const state = startCrc(name)
  return { update: (bytes) => updateCrc(name, state, bytes), digest: () => finishCrc(name, state) }
}

export function fourBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}
