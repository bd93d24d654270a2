import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type DigestName, digestOnce } from '#lib/digest/digest.ts'
import { openLanes } from '#lib/digest/digest-lanes.ts'

const names: DigestName[] = [
  ...(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256', 'SHA512', 'MD5'] as const),
  ...(['XXHASH64', 'XXHASH3', 'XXHASH128'] as const),
]

/** With separate memory, which a lane takes over. */
const given = (bytes: Uint8Array) => new Uint8Array(bytes)

describe('digest lanes', () => {
  it('give the digests that one thread gives, for many streams at once', async () => {
    const streams = Array.from({ length: 8 }, (_, i) => randomBytes(300_000 + i * 1111))
    const digests = await Promise.all(
      streams.map(async (bytes) => {
        const lanes = openLanes(names)
        const updates: Promise<Uint8Array>[] = []
        for (let at = 0; at < bytes.length; at += 70_000)
          updates.push(lanes.update(given(bytes.subarray(at, at + 70_000))))
        expect(bytes.equals(Buffer.concat(await Promise.all(updates)))).toBe(true)
        return lanes.digest()
      }),
    )
    digests.forEach((actual, i) => {
      const expected = digestOnce(names, streams[i] ?? Buffer.alloc(0))
      for (const name of names) expect(actual.get(name), name).toEqual(expected.get(name))
    })
  })

  it('go on for others when a stream is given up', async () => {
    const [dropped, kept] = [openLanes(['MD5', 'CRC32']), openLanes(['MD5', 'CRC32'])]
    const bytes = randomBytes(100_000)
    await Promise.all([dropped.update(given(bytes)), kept.update(given(bytes))])
    dropped.abandon()
    expect(await kept.digest()).toEqual(digestOnce(['MD5', 'CRC32'], bytes))
  })

  it('answer nothing but the digests of nothing for an empty stream', async () => {
    expect(await openLanes(['SHA256']).digest()).toEqual(digestOnce(['SHA256'], new Uint8Array()))
  })
})
