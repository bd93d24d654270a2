import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AesGcm, aesGcmOfNode, findAesGcmOfOpenSsl, tagBytes } from '#lib/system/aes-gcm.ts'

const openSsl = findAesGcmOfOpenSsl()
const both: [string, AesGcm][] = [['node:crypto', aesGcmOfNode]]
if (openSsl !== undefined) both.push(['OpenSSL', openSsl])

const addressOf = () => ({ key: randomBytes(32), nonce: randomBytes(12), identity: randomBytes(11) })
const sizes = [0, 1, 15, 16, 17, 4096, 65_536, 65_552]

/** In the middle of other bytes, which must not change. */
function within(sizeBytes: number): { around: Buffer; bytes: Buffer } {
  const around = Buffer.alloc(sizeBytes + 64, 7)
  return { around, bytes: around.subarray(13, 13 + sizeBytes) }
}
const isUntouched = (around: Buffer, sizeBytes: number) =>
  around.subarray(0, 13).every((byte) => byte === 7) && around.subarray(13 + sizeBytes).every((byte) => byte === 7)

it.runIf(process.platform === 'linux' && process.arch === 'x64')('OpenSSL is found in Node itself', () => {
  expect(openSsl).toBeDefined()
})

describe.each(both)('AES-256-GCM of %s', (_, gcm) => {
  it('seals as node:crypto does, and opens what that has sealed', () => {
    for (const sizeBytes of sizes) {
      const [address, message] = [addressOf(), randomBytes(sizeBytes)]
      const [sealed, expected] = [within(sizeBytes + tagBytes), Buffer.alloc(sizeBytes + tagBytes)]
      gcm.seal(address, message, sealed.bytes)
      aesGcmOfNode.seal(address, message, expected)
      expect(sealed.bytes.equals(expected)).toBe(true)
      expect(isUntouched(sealed.around, sizeBytes + tagBytes)).toBe(true)
      const opened = within(sizeBytes)
      expect(gcm.open(address, expected, opened.bytes)).toBe(true)
      expect(opened.bytes.equals(message)).toBe(true)
      expect(isUntouched(opened.around, sizeBytes)).toBe(true)
    }
  })

  it('works in place', () => {
    for (const sizeBytes of sizes) {
      const [address, message] = [addressOf(), randomBytes(sizeBytes)]
      const bytes = Buffer.alloc(sizeBytes + tagBytes)
      message.copy(bytes)
      gcm.seal(address, bytes.subarray(0, sizeBytes), bytes)
      expect(gcm.open(address, bytes, bytes.subarray(0, sizeBytes))).toBe(true)
      expect(bytes.subarray(0, sizeBytes).equals(message)).toBe(true)
    }
  })

  it('hands out no byte of what was changed, or sealed with something else', () => {
    for (const sizeBytes of sizes) {
      const [address, message] = [addressOf(), randomBytes(sizeBytes)]
      const sealed = Buffer.alloc(sizeBytes + tagBytes)
      gcm.seal(address, message, sealed)
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(sizeBytes) ^ 1, sizeBytes)
      const others = { key: randomBytes(32), nonce: randomBytes(12), identity: randomBytes(11) }
      const tries = [
        [address, changed],
        ...Object.entries(others).map(([name, value]) => [{ ...address, [name]: value }, sealed] as const),
      ] as const
      for (const [wrong, bytes] of tries) {
        const opened = Buffer.alloc(sizeBytes)
        expect(gcm.open(wrong, bytes, opened)).toBe(false)
        expect(opened.every((byte) => byte === 0)).toBe(true)
      }
      // The earlier failures have left no state.
      expect(gcm.open(address, sealed, Buffer.alloc(sizeBytes))).toBe(true)
    }
  })
})

it.runIf(openSsl !== undefined)('OpenSSL is not given buffers of a wrong size', () => {
  const [address, message] = [addressOf(), randomBytes(100)]
  expect(() => openSsl?.seal(address, message, Buffer.alloc(115))).toThrow(/wrong size/)
  expect(() => openSsl?.open(address, Buffer.alloc(116), Buffer.alloc(101))).toThrow(/wrong size/)
  expect(() => openSsl?.seal({ ...address, key: randomBytes(16) }, message, Buffer.alloc(116))).toThrow(/wrong size/)
  expect(() => openSsl?.open({ ...address, nonce: Buffer.alloc(8) }, Buffer.alloc(116), Buffer.alloc(100))).toThrow(
    /wrong size/,
  )
})
