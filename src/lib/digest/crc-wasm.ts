/**
 * CRC-64/NVME and CRC-32C as a WebAssembly module assembled here: slice-by-16, so sixteen bytes a turn. One source of
 * truth, no binary blob; the compiled module can be handed to worker threads as it is. Memory: 0 the running state
 * (i64) · TABLES_AT 16 tables of 256 i64 for each polynomial · SCRATCH_AT the bytes to be hashed. A 32-bit reflected
 * CRC runs in the same 64-bit register: its upper half stays zero.
 */
export type WasmCrc = 'CRC32C' | 'CRC64NVME'

export interface CrcState {
  low: number
  high: number
}

const TABLES_AT = 1024
const TABLE_BYTES = 16 * 256 * 8
export const SCRATCH_AT = 128 * 1024
export const SCRATCH_BYTES = 64 * 1024
const PAGES = (SCRATCH_AT + SCRATCH_BYTES) / 65_536

/** Reflected polynomials as [high, low]. */
export const polynomials: Record<WasmCrc, readonly [high: number, low: number]> = {
  CRC32C: [0, 0x82f63b78],
  CRC64NVME: [0x9a6c9329, 0xac4bc9b5],
}

/** tables[k][i]: what byte i does to the register when k more bytes follow it. */
function tablesOf([polyHigh, polyLow]: readonly [number, number]): Uint8Array {
  const words = new Uint32Array(TABLE_BYTES / 4)
  for (let i = 0; i < 256; i++) {
    let low = i
    let high = 0
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1
      low = (low >>> 1) | (high << 31)
      high >>>= 1
      if (carry === 1) {
        low ^= polyLow
        high ^= polyHigh
      }
    }
    words[i * 2] = low
    words[i * 2 + 1] = high
  }
  for (let i = 512; i < words.length; i += 2) {
    const low = words[i - 512] ?? 0
    const high = words[i - 511] ?? 0
    const first = (low & 0xff) * 2
    words[i] = ((low >>> 8) | (high << 24)) ^ (words[first] ?? 0)
    words[i + 1] = (high >>> 8) ^ (words[first + 1] ?? 0)
  }
  return new Uint8Array(words.buffer)
}

const I32 = 0x7f
const I64 = 0x7e
const VOID = 0x40
const op = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  get: 0x20,
  set: 0x21,
  load64: 0x29,
  load8AsI64: 0x31,
  store64: 0x37,
  const32: 0x41,
  eqz32: 0x45,
  lessUnsigned32: 0x49,
  add32: 0x6a,
  sub32: 0x6b,
  and32: 0x71,
  shiftLeft32: 0x74,
  shiftRight32: 0x76,
  xor64: 0x85,
  shiftRight64: 0x88,
  const64: 0x42,
  wrap: 0xa7,
} as const

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  const done = value >= -64 && value < 64
  return done ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)]
}

const sized = (bytes: readonly number[]) => [...unsigned(bytes.length), ...bytes]
const section = (id: number, bytes: readonly number[]) => [id, ...sized(bytes)]
const named = (name: string) => sized([...Buffer.from(name)])

const [ptr, length, crc, a, b] = [0, 1, 2, 3, 4] as const
const get = (local: number) => [op.get, local]
const set = (local: number) => [op.set, local]
const const32 = (value: number) => [op.const32, ...signed(value)]
const const64 = (value: number) => [op.const64, ...signed(value)]
const load64 = (offset: number) => [op.load64, 0, ...unsigned(offset)]

/** Table `table` at byte `byte` of the i64 in `local`. */
function lookUp(tablesAt: number, table: number, local: number, byte: number): number[] {
  const half = byte < 4 ? [...get(local), op.wrap] : [...get(local), ...const64(32), op.shiftRight64, op.wrap]
  const bits = (byte % 4) * 8 - 3
  const shift = bits < 0 ? [...const32(3), op.shiftLeft32] : [...const32(bits), op.shiftRight32]
  return [...half, ...shift, ...const32(0x7f8), op.and32, ...load64(tablesAt + table * 2048)]
}

function updateBody(tablesAt: number): number[] {
  const advance = (by: number) => [
    ...[...get(ptr), ...const32(by), op.add32, ...set(ptr)],
    ...[...get(length), ...const32(by), op.sub32, ...set(length)],
  ]
  // As a tree, starting with the values that do not depend on the last turn: the path from one register to the next
  // takes most of the time.
  const tree = (from: number, count: number): number[] =>
    count === 1
      ? lookUp(tablesAt, 15 - from, from < 8 ? a : b, from % 8)
      : [...tree(from, count / 2), ...tree(from + count / 2, count / 2), op.xor64]
  const sixteen = [...tree(8, 8), ...tree(0, 8), op.xor64]
  const whileTrue = (leaveIf: number[], body: number[]) =>
    [op.block, VOID, op.loop, VOID, ...leaveIf, op.brIf, 1, ...body, op.br, 0, op.end, op.end] as number[]
  return [
    ...[...const32(0), ...load64(0), ...set(crc)],
    ...whileTrue(
      [...get(length), ...const32(16), op.lessUnsigned32],
      [
        ...[...get(ptr), ...load64(0), ...get(crc), op.xor64, ...set(a)],
        ...[...get(ptr), ...load64(8), ...set(b)],
        ...[...sixteen, ...set(crc), ...advance(16)],
      ],
    ),
    ...whileTrue(
      [...get(length), op.eqz32],
      [
        ...[...get(ptr), op.load8AsI64, 0, 0, ...get(crc), op.xor64, ...set(a)],
        ...[...lookUp(tablesAt, 0, a, 0), ...get(crc), ...const64(8), op.shiftRight64, op.xor64, ...set(crc)],
        ...advance(1),
      ],
    ),
    ...[...const32(0), ...get(crc), op.store64, 0, 0, op.end],
  ]
}

function assemble(): Uint8Array<ArrayBuffer> {
  const names = Object.keys(polynomials) as WasmCrc[]
  const tables = names.map((name) => tablesOf(polynomials[name]))
  const code = names.map((_, i) => sized([1, 3, I64, ...updateBody(TABLES_AT + i * TABLE_BYTES)]))
  const head = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [names.length, ...names.map(() => 0)]),
    ...section(5, [1, 0, PAGES]),
    ...section(7, [names.length + 1, ...names.flatMap((name, i) => [...named(name), 0, i]), ...named('memory'), 2, 0]),
    ...section(10, [names.length, ...code.flat()]),
  ]
  const data = [1, 0, ...const32(TABLES_AT), op.end, ...unsigned(TABLE_BYTES * names.length)]
  const bytes = [...head, 11, ...unsigned(data.length + TABLE_BYTES * names.length), ...data]
  const all = new Uint8Array(bytes.length + TABLE_BYTES * names.length)
  all.set(bytes)
  tables.forEach((table, i) => {
    all.set(table, bytes.length + i * TABLE_BYTES)
  })
  return all
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

type CrcExports = Record<WasmCrc, (ptr: number, lengthBytes: number) => void> & { memory: { buffer: ArrayBuffer } }

// The types of Node without a DOM name WebAssembly only as a namespace.
const { Module, Instance } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi

/** Compiled; structured cloning hands it to a worker. Exports CRC32C, CRC64NVME (ptr, length) and memory. */
export const crcModule = new Module(assemble())

const { memory, ...updates } = new Instance(crcModule).exports as CrcExports
const stateView = new Int32Array(memory.buffer, 0, 2)
const scratch = new Uint8Array(memory.buffer, SCRATCH_AT, SCRATCH_BYTES)

export function startCrc(name: WasmCrc): CrcState {
  return { low: -1, high: name === 'CRC32C' ? 0 : -1 }
}

export function updateCrc(name: WasmCrc, state: CrcState, bytes: Uint8Array): void {
  stateView[0] = state.low
  stateView[1] = state.high
  for (let at = 0; at < bytes.length; at += SCRATCH_BYTES) {
    const length = Math.min(SCRATCH_BYTES, bytes.length - at)
    scratch.set(length === bytes.length ? bytes : bytes.subarray(at, at + length))
    updates[name](SCRATCH_AT, length)
  }
  state.low = stateView[0] ?? 0
  state.high = stateView[1] ?? 0
}

export function finishCrc(name: WasmCrc, state: CrcState): Buffer {
  const digest = Buffer.allocUnsafe(name === 'CRC32C' ? 4 : 8)
  digest.writeInt32BE(~state.low, digest.length - 4)
  if (name === 'CRC64NVME') digest.writeInt32BE(~state.high, 0)
  return digest
}
