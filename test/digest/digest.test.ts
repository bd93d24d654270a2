import { createHash, randomBytes } from 'node:crypto'
import { createXXHash3, createXXHash64, createXXHash128 } from 'hash-wasm'
import { describe, expect, it } from 'vitest'
import { createDigester, type DigestName, digestOnce } from '#lib/digest/digest.ts'

/**
 * CRC check values from the catalogue of parametrised CRC algorithms; the others from the reference implementations.
 */
const ofCheckString: Record<DigestName, string> = {
  CRC32: 'cbf43926',
  CRC32C: 'e3069283',
  CRC64NVME: 'ae8b14860a799888',
  SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  SHA512:
    'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
  MD5: '25f9e794323b453885f5181f1b624d0b',
  XXHASH64: '8cb841db40e6ae83',
  XXHASH3: '72dcb18b67a17dff',
  XXHASH128: '33119477ede5dcd5e9716427681d5860',
}

const ofNothing: Record<DigestName, string> = {
  CRC32: '00000000',
  CRC32C: '00000000',
  CRC64NVME: '0000000000000000',
  SHA1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  SHA256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  SHA512:
    'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
  MD5: 'd41d8cd98f00b204e9800998ecf8427e',
  XXHASH64: 'ef46db3751d8e999',
  XXHASH3: '2d06800538d394c2',
  XXHASH128: '99aa06d3014798d86001c324468d497f',
}

const names = Object.keys(ofCheckString) as DigestName[]

function hex(digests: Map<DigestName, Buffer>): Record<string, string> {
  return Object.fromEntries(Array.from(digests, ([name, digest]) => [name, digest.toString('hex')]))
}

describe('digests', () => {
  it('match the known values of "123456789"', () => {
    expect(hex(digestOnce(names, Buffer.from('123456789')))).toEqual(ofCheckString)
  })

  it('match the known values of nothing, at once and as a stream', () => {
    expect(hex(digestOnce(names, new Uint8Array()))).toEqual(ofNothing)
    expect(hex(createDigester(names).digest())).toEqual(ofNothing)
  })

  it('are the same however the bytes are cut', () => {
    const bytes = randomBytes(200_003)
    const whole = hex(digestOnce(names, bytes))
    for (const step of [1013, 65_536, 65_537, 150_000]) {
      const digester = createDigester(names)
      for (let at = 0; at < bytes.length; at += step) digester.update(bytes.subarray(at, at + step))
      expect(hex(digester.digest())).toEqual(whole)
    }
  })

  it('of interleaved streams do not disturb each other', () => {
    const [first, second] = [randomBytes(50_000), randomBytes(50_000)]
    const [one, two] = [createDigester(names), createDigester(names)]
    for (let at = 0; at < 50_000; at += 777) {
      one.update(first.subarray(at, at + 777))
      digestOnce(names, second.subarray(at))
      two.update(second.subarray(at, at + 777))
    }
    expect(hex(one.digest())).toEqual(hex(digestOnce(names, first)))
    expect(hex(two.digest())).toEqual(hex(digestOnce(names, second)))
  })

  it('agree with other implementations on random bytes', async () => {
    const bytes = randomBytes(100_000)
    const digests = hex(digestOnce(names, bytes))
    for (const name of ['MD5', 'SHA1', 'SHA256', 'SHA512'] as const) {
      expect(digests[name]).toBe(createHash(name.toLowerCase()).update(bytes).digest('hex'))
    }
    expect(digests.XXHASH64).toBe((await createXXHash64()).update(bytes).digest())
    expect(digests.XXHASH3).toBe((await createXXHash3()).update(bytes).digest())
    expect(digests.XXHASH128).toBe((await createXXHash128()).update(bytes).digest())
    expect(digests.CRC32C).toBe(bitwiseCrc(bytes, 32n, 0x82f63b78n))
    expect(digests.CRC64NVME).toBe(bitwiseCrc(bytes, 64n, 0x9a6c9329ac4bc9b5n))
  })
})

function bitwiseCrc(bytes: Uint8Array, bits: bigint, polynomial: bigint): string {
  const ones = (1n << bits) - 1n
  const table = Array.from({ length: 256 }, (_, i) => {
    let entry = BigInt(i)
    for (let bit = 0; bit < 8; bit++) entry = (entry & 1n) === 1n ? (entry >> 1n) ^ polynomial : entry >> 1n
    return entry
  })
  let crc = ones
  for (const byte of bytes) crc = (crc >> 8n) ^ (table[Number(crc & 0xffn) ^ byte] ?? 0n)
  return (crc ^ ones).toString(16).padStart(Number(bits) / 4, '0')
}
