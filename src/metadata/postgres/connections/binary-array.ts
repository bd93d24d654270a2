/** Arrays in the binary format of PostgreSQL. The text format needs two digits for each byte. */

const oids = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25 } as const
type Element = keyof typeof oids

/** `null` stands for NULL. */
export function encodeArray(element: Element, items: readonly (Uint8Array | null)[]): Buffer {
  const headBytes = items.length === 0 ? 12 : 20
  let sizeBytes = headBytes
  for (const item of items) sizeBytes += 4 + (item?.length ?? 0)
  const array = Buffer.allocUnsafe(sizeBytes)
  array.writeInt32BE(items.length === 0 ? 0 : 1, 0)
  array.writeInt32BE(1, 4)
  array.writeInt32BE(oids[element], 8)
  if (items.length === 0) return array
  array.writeInt32BE(items.length, 12)
  array.writeInt32BE(1, 16)
  let at = headBytes
  for (const item of items) {
    at = array.writeInt32BE(item?.length ?? -1, at)
    if (item === null) continue
    array.set(item, at)
    at += item.length
  }
  return array
}

export const encodeBytes = (items: readonly (Uint8Array | null)[]): Buffer => encodeArray('bytea', items)
export const encodeTexts = (items: readonly string[]): Buffer =>
  encodeArray(
    'text',
    items.map((item) => Buffer.from(item)),
  )
export const encodeFlags = (items: readonly boolean[]): Buffer =>
  encodeArray(
    'bool',
    items.map((item) => (item ? one : zero)),
  )
const one = Buffer.from([1])
const zero = Buffer.from([0])

export const encodeIntegers = (items: readonly number[]): Buffer =>
  encodeArray(
    'int4',
    items.map((item) => {
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeInt32BE(item)
      return bytes
    }),
  )

export const encodeLongs = (items: readonly bigint[]): Buffer =>
  encodeArray(
    'int8',
    items.map((item) => {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(item)
      return bytes
    }),
  )
