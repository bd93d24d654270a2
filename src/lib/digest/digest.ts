/**
 * Every digest of S3, on the calling thread. Digests are big-endian bytes, as S3 shows them in base64. The three
 * xxHashes come from one WebAssembly instance each, created while this module loads. Interleaved streams save and
 * restore their state, so that memory does not grow with the number of streams.
 */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from 'hash-wasm'
import { finishCrc, startCrc, updateCrc } from './crc-wasm.ts'
import { cryptoNames, fourBytes, type PlainDigestName, type RunningDigest, startPlainDigest } from './plain-digest.ts'

type XxHashName = 'XXHASH64' | 'XXHASH3' | 'XXHASH128'
export type DigestName = PlainDigestName | XxHashName

export interface Digester {
  update(bytes: Uint8Array): void
  /** At most once, and nothing after it. */
  digest(): Map<DigestName, Buffer>
}

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

function start(name: DigestName): RunningDigest {
  switch (name) {
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128':
      return runningXxHash(xxHashes[name])
    default:
      return startPlainDigest(name)
  }
}

function runningXxHash(hasher: IHasher): RunningDigest {
  let state = hasher.init().save()
  return {
    update(bytes) {
      state = hasher.load(state).update(bytes).save()
    },
    digest: () => Buffer.from(hasher.load(state).digest('binary')),
  }
}
