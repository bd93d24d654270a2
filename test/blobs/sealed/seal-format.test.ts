/** Encrypted bytes decrypt to the original, and any change of the stored bytes is detected. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { MemoryBlobs } from '#blobs/memory/memory-blobs.ts'
import { OpenBytes } from '#blobs/open-bytes.ts'
import { sealedOver } from '#blobs/sealed/sealed-over.ts'
import { ApiError } from '#model/errors.ts'
import { type Random, randomFrom } from '../../random.ts'
import { bodyOf } from '../key-rows.ts'
import { Damaged, newKeys, open, read, type Sealed, seal, sealParts } from './seal.ts'

const chunkBytes = 64 * 1024
const headerBytes = 32
const chunkOf = (number: number, layers = 1) => headerBytes + number * (chunkBytes + 16 * layers)
const sizes = [0, 1, 4096, chunkBytes - 1, chunkBytes, chunkBytes + 1, 5 * chunkBytes, 2_000_000]

const changed = (sealed: Sealed, change: (bytes: Buffer) => Buffer | undefined): Sealed => {
  const bytes = Buffer.from(sealed.bytes)
  return { ...sealed, bytes: change(bytes) ?? bytes }
}

function flip(bytes: Buffer, place: number, bit: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << bit), place)
  return bytes
}

async function expectDamaged(sealed: Sealed): Promise<void> {
  const outcome = await read(sealed).then(
    (bytes) => `${bytes.length} bytes`,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(Damaged)
}

it.each([1, 2] as const)('bytes of any size are read as they were, sealed %i times', async (layers) => {
  for (const size of sizes) {
    const body = randomBytes(size)
    const sealed = await seal(body, newKeys(layers))
    expect(sealed.bytes.length).toBe(headerBytes + size + 16 * layers * Math.max(1, Math.ceil(size / chunkBytes)))
    expect((await read(sealed)).equals(body)).toBe(true)
    if (size > 32) expect(sealed.bytes.includes(body.subarray(0, 32))).toBe(false)
  }
})

it('bytes whose number is not known beforehand are sealed as well', async () => {
  for (const size of sizes) {
    const body = randomBytes(size)
    const blobs = new MemoryBlobs()
    const [dataKeys, encryption] = [newKeys(), { method: 'AES256', wrappedKey: '' } as const]
    const staged = await sealedOver(blobs).stage({ ...bodyOf(body), sizeBytes: undefined }, { dataKeys, encryption })
    const known = await seal(body, dataKeys)
    const version = { ...known.version, blob: staged.ref }
    const kept = blobs.open('b', version)
    const bytes = kept?.bytes({ start: 0, end: kept.sizeBytes })
    if (bytes === undefined) throw new Error('nothing is kept')
    expect((await read({ ...known, bytes })).equals(body)).toBe(true)
  }
})

it.each([1, 2] as const)('ranges and parts of %i layers are read from wherever they begin', async (layers) => {
  const bodies = { 1: randomBytes(300_000), 2: randomBytes(3), 7: randomBytes(3 * chunkBytes), 9: randomBytes(100_000) }
  const sealed = await sealParts(bodies, newKeys(layers))
  const whole = Buffer.concat(Object.values(bodies))
  expect((await read(sealed)).equals(whole)).toBe(true)
  const random = randomFrom(1)
  for (let i = 0; i < 200; i++) {
    const start = Math.floor(random() * whole.length)
    const end = Math.min(whole.length, start + 1 + Math.floor(random() * (i % 2 === 0 ? 100 : 300_000)))
    expect((await read(sealed, start, end)).equals(whole.subarray(start, end))).toBe(true)
  }
})

it('a range reads its own chunks alone, and is not stopped by damage elsewhere', async () => {
  const body = randomBytes(20 * chunkBytes)
  const sealed = changed(await seal(body), (bytes) => void bytes.fill(0, chunkOf(9)))
  const reads: [from: number, to: number][] = []
  const kept = new (class extends OpenBytes {
    override readInto(target: Uint8Array, position: number): Promise<void> {
      reads.push([position, position + target.length])
      return super.readInto(target, position)
    }
  })(sealed.bytes)
  const pieces: Buffer[] = []
  for await (const piece of open(sealed, kept).pieces({ start: 3 * chunkBytes + 5, end: 4 * chunkBytes + 5 })) {
    pieces.push(piece)
  }
  expect(Buffer.concat(pieces).equals(body.subarray(3 * chunkBytes + 5, 4 * chunkBytes + 5))).toBe(true)
  const ofChunks = reads.filter(([, to]) => to > headerBytes)
  expect(Math.min(...ofChunks.map(([from]) => from))).toBe(chunkOf(3))
  expect(Math.max(...ofChunks.map(([, to]) => to))).toBe(chunkOf(5))
  await expectDamaged(sealed)
})

it('no byte of a chunk is handed on before its tag is verified', async () => {
  const body = randomBytes(20 * chunkBytes)
  const sealed = changed(await seal(body), (bytes) => flip(bytes, chunkOf(9) + 5, 0))
  let received = 0
  const reading = (async () => {
    for await (const piece of open(sealed).pieces({ start: 0, end: body.length })) {
      expect(piece.equals(body.subarray(received, received + piece.length))).toBe(true)
      received += piece.length
    }
  })()
  await expect(reading).rejects.toThrow(Damaged)
  expect(received).toBeLessThanOrEqual(9 * chunkBytes)
})

it.each([1, 2] as const)('a flipped bit shows wherever it is, with %i layers', async (layers) => {
  const sealed = await seal(randomBytes(chunkBytes + 100), newKeys(layers))
  const places = [...Array(headerBytes).keys(), headerBytes, chunkOf(1, layers) - 1, chunkOf(1, layers), 60_000]
  for (const place of [...places, sealed.bytes.length - 1]) {
    for (let bit = 0; bit < 8; bit++) await expectDamaged(changed(sealed, (bytes) => flip(bytes, place, bit)))
  }
})

it('bytes that were cut off, or appended, show', async () => {
  const sealed = await seal(randomBytes(3 * chunkBytes))
  for (const end of [0, headerBytes, chunkOf(1), chunkOf(2), sealed.bytes.length - 1]) {
    await expectDamaged(changed(sealed, (bytes) => bytes.subarray(0, end)))
  }
  await expectDamaged(changed(sealed, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])))
})

it('a shorter version does not pass for a longer one that was cut at a chunk, even where the record says so', async () => {
  const sealed = await seal(randomBytes(3 * chunkBytes))
  const bytes = sealed.bytes.subarray(0, chunkOf(2))
  const version = { ...sealed.version, sizeBytes: 2 * chunkBytes, blob: { ...sealed.version.blob } }
  await expectDamaged({ ...sealed, bytes, version })
})

it('chunks that changed places, or came twice, show', async () => {
  const sealed = await seal(randomBytes(4 * chunkBytes))
  const chunk = (number: number) => sealed.bytes.subarray(chunkOf(number), chunkOf(number + 1))
  for (const order of [
    [1, 0, 2, 3],
    [0, 1, 1, 3],
    [0, 1, 3, 2],
  ]) {
    await expectDamaged({
      ...sealed,
      bytes: Buffer.concat([sealed.bytes.subarray(0, headerBytes), ...order.map(chunk)]),
    })
  }
})

it('parts that changed places show', async () => {
  const sealed = await sealParts({ 1: randomBytes(100_000), 2: randomBytes(100_000) })
  const half = sealed.bytes.length / 2
  await expectDamaged(changed(sealed, (bytes) => Buffer.concat([bytes.subarray(half), bytes.subarray(0, half)])))
})

it('a part that was uploaded before under the same number does not pass for the one that counts', async () => {
  const dataKeys = newKeys()
  const bodies = () => ({ 1: randomBytes(100_000), 2: randomBytes(100_000) })
  const sealed = await sealParts(bodies(), dataKeys)
  const before = await sealParts(bodies(), dataKeys)
  expect((await read(before)).length).toBe(200_000)
  const half = sealed.bytes.length / 2
  await expectDamaged(changed(sealed, (bytes) => Buffer.concat([before.bytes.subarray(0, half), bytes.subarray(half)])))
})

it("the file of another version, or of an older one, does not pass for a version's own", async () => {
  const [sealed, other] = [await seal(randomBytes(100_000)), await seal(randomBytes(100_000))]
  await expectDamaged({ ...sealed, bytes: other.bytes })
})

it('the bytes do not open with another key, or with one of two', async () => {
  const sealed = await seal(randomBytes(100_000))
  await expectDamaged({ ...sealed, dataKeys: newKeys() })
  await expectDamaged({ ...sealed, dataKeys: [...sealed.dataKeys, ...newKeys()] })
  const twice = await seal(randomBytes(100_000), newKeys(2))
  await expectDamaged({ ...twice, dataKeys: twice.dataKeys.slice(0, 1) })
  await expectDamaged({ ...twice, dataKeys: twice.dataKeys.toReversed() })
})

it('a body that breaks off is told as it is, and nothing of it is kept', async () => {
  const blobs = new MemoryBlobs()
  const sealing = { encryption: { method: 'AES256', wrappedKey: '' }, dataKeys: newKeys() } as const
  const source = Readable.from(
    (async function* () {
      yield randomBytes(2_000_000)
      throw new Error('broken off')
    })(),
    { objectMode: false },
  )
  for (const sizeBytes of [undefined, 3_000_000]) {
    const staging = sealedOver(blobs).stage({ source, sizeBytes, maxBytes: 1e9, algorithms: [] }, sealing)
    await expect(staging).rejects.toMatchObject({ code: 'IncompleteBody' })
  }
})

it('what the store below refuses is told as it is, and the body is not read on', async () => {
  const blobs = new MemoryBlobs()
  const full = new ApiError('ServiceUnavailable')
  blobs.stage = () => Promise.reject(full)
  const sealing = { encryption: { method: 'AES256', wrappedKey: '' }, dataKeys: newKeys() } as const
  let made = 0
  const source = Readable.from(
    (function* () {
      for (; made < 1000; made++) yield randomBytes(chunkBytes)
    })(),
    { objectMode: false },
  )
  const staging = sealedOver(blobs).stage({ source, sizeBytes: undefined, maxBytes: 1e9, algorithms: [] }, sealing)
  await expect(staging).rejects.toBe(full)
  expect(made).toBeLessThan(1000)
})

/** SEAL_FUZZ=100000 runs that many. */
const fuzzed = Number(process.env.SEAL_FUZZ ?? 400)

it('whatever happens to sealed bytes, they open as they were or not at all', { timeout: 600_000 }, async () => {
  const dataKeys = newKeys()
  const bodies = [randomBytes(1000), randomBytes(150_000), randomBytes(400_000)]
  const samples = [
    ...(await Promise.all(bodies.map((body) => seal(body, dataKeys)))),
    await seal(randomBytes(150_000), newKeys(2)),
    await sealParts({ 1: randomBytes(70_000), 3: randomBytes(70_000), 4: randomBytes(10) }, dataKeys),
  ]
  const plaintexts = await Promise.all(samples.map((sample) => read(sample)))
  const random = randomFrom(7)
  const below = (limit: number) => Math.floor(random() * limit)
  for (let i = 0; i < fuzzed; i++) {
    const at = below(samples.length)
    const sample = samples[at]
    const plaintext = plaintexts[at]
    if (sample === undefined || plaintext === undefined) throw new Error('no sample')
    const bytes = mutate(sample.bytes, samples[below(samples.length)]?.bytes ?? sample.bytes, random)
    const start = below(plaintext.length)
    const end = start + 1 + below(plaintext.length - start)
    for (const [from, to] of [
      [0, plaintext.length],
      [start, end],
    ] as const) {
      const outcome = await read({ ...sample, bytes }, from, to).catch((error: unknown) => error)
      const isRight = Buffer.isBuffer(outcome) && outcome.equals(plaintext.subarray(from, to))
      const isAll = from === 0 && to === plaintext.length
      const mayBeRight = !isAll || bytes.equals(sample.bytes)
      if (!isRight || !mayBeRight) expect(outcome).toBeInstanceOf(Damaged)
    }
  }
})

function mutate(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const below = (limit: number) => Math.floor(random() * limit)
  const place = below(bytes.length)
  const length = 1 + below(random() < 0.5 ? 20 : 70_000)
  const copy = Buffer.from(bytes)
  switch (below(7)) {
    case 0:
      copy[place] = below(256)
      return copy
    case 1:
      return copy.fill(below(256), place, Math.min(place + length, copy.length))
    case 2:
      return copy.subarray(0, place)
    case 3:
      return Buffer.concat([copy, randomBytes(length)])
    case 4:
      return Buffer.concat([copy.subarray(0, place), copy.subarray(place + length)])
    case 5:
      copy.copyWithin(below(copy.length), place, place + length)
      return copy
    default:
      other.copy(copy, place, Math.min(place, other.length), Math.min(place + length, other.length))
      return copy
  }
}
