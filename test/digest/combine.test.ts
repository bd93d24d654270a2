import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CombinableCrc, combineCrc } from '#lib/digest/combine.ts'
import { digestOnce } from '#lib/digest/digest.ts'

function crcOf(name: CombinableCrc, bytes: Uint8Array): Buffer {
  return digestOnce([name], bytes).get(name) ?? Buffer.alloc(0)
}

describe.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('combining %s', (name) => {
  it('gives the CRC of the concatenation', () => {
    const bytes = () => fc.uint8Array({ maxLength: 3000 })
    fc.assert(
      fc.property(bytes(), bytes(), (a, b) => {
        const combined = combineCrc(name, crcOf(name, a), crcOf(name, b), b.length)
        expect(combined).toEqual(crcOf(name, Buffer.concat([a, b])))
      }),
    )
  })

  it('is associative for lengths beyond 32 bits', () => {
    const [a, b, c] = [randomBytes(8), randomBytes(8), randomBytes(8)].map((bytes) => crcOf(name, bytes)) as [
      Buffer,
      Buffer,
      Buffer,
    ]
    const [lengthB, lengthC] = [5 * 2 ** 40 + 12_345, 2 ** 33 + 1]
    const left = combineCrc(name, combineCrc(name, a, b, lengthB), c, lengthC)
    const right = combineCrc(name, a, combineCrc(name, b, c, lengthC), lengthB + lengthC)
    expect(left).toEqual(right)
  })

  it('combines ten thousand parts', () => {
    const part = randomBytes(100)
    const crc = crcOf(name, part)
    let whole = crcOf(name, new Uint8Array())
    for (let i = 0; i < 10_000; i++) whole = combineCrc(name, whole, crc, part.length)
    expect(whole).toEqual(crcOf(name, Buffer.concat(Array.from({ length: 10_000 }, () => part))))
  })
})
