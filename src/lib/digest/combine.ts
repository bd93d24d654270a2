/**
 * The CRC of a concatenation from the CRCs of its pieces: crc(a‖b) = crc(a)·x^(8·|b|) mod P, plus crc(b). Reflected
 * polynomials in two 32-bit halves; a 32-bit CRC leaves the upper half zero. Method: zlib's crc32_combine.
 */
import { polynomials } from './crc-wasm.ts'

export type CombinableCrc = 'CRC32' | 'CRC32C' | 'CRC64NVME'

interface Polynomial {
  readonly high: number
  readonly low: number
}

interface Field {
  readonly bits: 32 | 64
  readonly modulus: Polynomial
  /** x^(2^k) at index k. */
  readonly powers: Polynomial[]
  /** x^(8·length) by length: most parts of an upload have the same length. */
  readonly shifts: Map<number, Polynomial>
}

const MAX_CACHED_SHIFTS = 256

const fields: Record<CombinableCrc, Field> = {
  CRC32: fieldOf(32, 0, 0xedb88320),
  CRC32C: fieldOf(32, ...polynomials.CRC32C),
  CRC64NVME: fieldOf(64, ...polynomials.CRC64NVME),
}

/** `a` and `b` are big-endian digests; `bLengthBytes` is the length of the bytes of `b`. */
export function combineCrc(name: CombinableCrc, a: Buffer, b: Buffer, bLengthBytes: number): Buffer {
  const field = fields[name]
  const shifted = multiply(field, parse(a), shiftBy(field, bLengthBytes))
  const sum = Buffer.allocUnsafe(field.bits / 8)
  const right = parse(b)
  sum.writeInt32BE(shifted.low ^ right.low, sum.length - 4)
  if (field.bits === 64) sum.writeInt32BE(shifted.high ^ right.high, 0)
  return sum
}

function parse(digest: Buffer): Polynomial {
  return { high: digest.length === 8 ? digest.readInt32BE(0) : 0, low: digest.readInt32BE(digest.length - 4) }
}

function fieldOf(bits: 32 | 64, high: number, low: number): Field {
  return { bits, modulus: { high, low }, powers: [monomial(bits, 1)], shifts: new Map() }
}

/** x^exponent, exponent < 32: the highest bit is x^0. */
function monomial(bits: 32 | 64, exponent: number): Polynomial {
  const half = (2 ** (31 - exponent)) | 0
  return bits === 64 ? { high: half, low: 0 } : { high: 0, low: half }
}

function multiply(field: Field, a: Polynomial, b: Polynomial): Polynomial {
  const { modulus } = field
  let { high, low } = b
  let sumHigh = 0
  let sumLow = 0
  for (let bit = field.bits - 1; bit >= 0; bit--) {
    const chosen = bit >= 32 ? -((a.high >>> (bit - 32)) & 1) : -((a.low >>> bit) & 1)
    sumHigh ^= high & chosen
    sumLow ^= low & chosen
    const carry = -(low & 1)
    low = ((low >>> 1) | (high << 31)) ^ (modulus.low & carry)
    high = (high >>> 1) ^ (modulus.high & carry)
  }
  return { high: sumHigh, low: sumLow }
}

function shiftBy(field: Field, lengthBytes: number): Polynomial {
  const known = field.shifts.get(lengthBytes)
  if (known !== undefined) return known
  let shift = monomial(field.bits, 0)
  // Eight bits a byte, so the lowest bit of the length stands for x^(2^3).
  for (let rest = lengthBytes, k = 3; rest > 0; rest = Math.floor(rest / 2), k++) {
    if (rest % 2 === 1) shift = multiply(field, shift, power(field, k))
  }
  if (field.shifts.size >= MAX_CACHED_SHIFTS) field.shifts.clear()
  field.shifts.set(lengthBytes, shift)
  return shift
}

function power(field: Field, k: number): Polynomial {
  const known = field.powers[k]
  if (known !== undefined) return known
  const root = power(field, k - 1)
  const square = multiply(field, root, root)
  field.powers[k] = square
  return square
}
