/**
 * Every digest of S3, on the calling thread. Digests are big-endian bytes, as S3 shows them in base64. The three
 * xxHashes come from one WebAssembly instance each, created while this module loads. Interleaved streams save and
 * restore their state, so that memory does not grow with the number of streams.
 */
import { createHash, hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from 'hash-wasm'
import { finishCrc, startCrc, updateCrc, type WasmCrc } from './crc-wasm.ts'

export type DigestName =
  | 'CRC32'
  | 'CRC32C'
  | 'CRC64NVME'
  | 'SHA1'
  | 'SHA256'
  | 'SHA512'
  | 'MD5'
  | 'XXHASH64'
  | 'XXHASH3'
  | 'XXHASH128'

export interface Digester {
  update(bytes: Uint8Array): void
  /** At most once, and nothing after it. */
  digest(): Map<DigestName, Buffer>
}

type XxHashName = 'XXHASH64' | 'XXHASH3' | 'XXHASH128'
type CryptoName = 'SHA1' | 'SHA256' | 'SHA512' | 'MD5'

const cryptoNames: Record<CryptoName, string> = { SHA1: 'sha1', SHA256: 'sha256', SHA512: 'sha512', MD5: 'md5' }

const [xxHash64, xxHash3, xxHash128] = await Promise.all([createXXHash64(), createXXHash3(), createXXHash128()])
const xxHashes: Record<XxHashName, IHasher> = { XXHASH64: xxHash64, XXHASH3: xxHash3, XXHASH128: xxHash128 }

/** All at once, for bodies in memory. */
export function digestOnce(names: readonly DigestName[], bytes: Uint8Array): Map<DigestName, Buffer> {
  const digests = new Map<DigestName, Buffer>()
  for (const name of names) digests.set(name, digestOne(name, bytes))
  return digests
}

/** Piece by piece. */
export function createDigester(names: readonly DigestName[]): Digester {
  const running = new Map(Array.from(names, (name) => [name, start(name)]))
  return {
    update(bytes) {
      for (const one of running.values()) one.update(bytes)
    },
    digest() {
      return new Map(Array.from(running, ([name, one]) => [name, one.digest()]))
    },
  }
}

function digestOne(name: DigestName, bytes: Uint8Array): Buffer {
  switch (name) {
    case 'CRC32':
      return fourBytes(crc32(bytes))
    case 'CRC32C':
    case 'CRC64NVME': {
      const state = startCrc(name)
      updateCrc(name, state, bytes)
      return finishCrc(name, state)
    }
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128':
      return Buffer.from(xxHashes[name].init().update(bytes).digest('binary'))
    default:
      return hash(cryptoNames[name], bytes, 'buffer')
  }
}

interface Running {
  update(bytes: Uint8Array): void
  digest(): Buffer
}

function start(name: DigestName): Running {
  switch (name) {
    case 'CRC32':
      return runningCrc32()
    case 'CRC32C':
    case 'CRC64NVME':
      return runningCrc(name)
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128':
      return runningXxHash(xxHashes[name])
    default:
      return createHash(cryptoNames[name])
  }
}

function runningCrc32(): Running {
  let crc = 0
  return {
    update(bytes) {
      crc = crc32(bytes, crc)
    },
    digest: () => fourBytes(crc),
  }
}

function runningCrc(name: WasmCrc): Running {
  const state = startCrc(name)
  return { update: (bytes) => updateCrc(name, state, bytes), digest: () => finishCrc(name, state) }
}

function runningXxHash(hasher: IHasher): Running {
  let state = hasher.init().save()
  return {
    update(bytes) {
      state = hasher.load(state).update(bytes).save()
    },
    digest: () => Buffer.from(hasher.load(state).digest('binary')),
  }
}

function fourBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(value)
  return bytes
}
