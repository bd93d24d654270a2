/** Bodies in aws-chunked framing: whole they decode, spoilt in any place they are refused before they end. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiError } from '#model/errors.ts'
import { decodeAwsChunked } from '#signature/aws-chunked.ts'
import type { Payload } from '#signature/request.ts'
import { SigningKey } from '#signature/signing-key.ts'
import { type Spoiling, signedChunks, type Trailer, unsignedChunks } from '../input/chunks.ts'
import { signHeaders } from '../input/signer.ts'

const seed = signHeaders(
  { method: 'PUT', target: '/b/k', headers: [['Host', 'h']] },
  { accessKeyId: 'A', secret: 's', payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
)
const { key, ...rest } = seed.chain
const chain = { ...rest, signingKey: new SigningKey(key), seedSignature: seed.signature }
const signed: Payload = { kind: 'signed-chunks', trailer: false, chain }
const withTrailer: Payload = { kind: 'signed-chunks', trailer: true, chain }
const unsigned: Payload = { kind: 'unsigned-chunks' }
const trailer: Trailer = { name: 'x-amz-checksum-crc32', value: 'AAAAAA==' }
const body = [Buffer.from('first chunk'), Buffer.from('second chunk')]
const length = 23

/** The decoded bytes as text, or the code of the error. */
async function outcome(framed: Buffer, payload: Payload, decodedLength: number | undefined = length): Promise<string> {
  try {
    return (await buffer(decodeAwsChunked(Readable.from([framed]), payload, decodedLength))).toString()
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error)
  }
}

it('decodes chunks of any size, however the network cuts them', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 0, maxLength: 5 })
  const run = fc.asyncProperty(
    sizes,
    fc.integer({ min: 1, max: 50 }),
    fc.boolean(),
    async (chunkSizes, cut, isSigned) => {
      const chunks = chunkSizes.map((size, index) => Buffer.alloc(size, `${index}\r\n`))
      const framed = isSigned ? signedChunks(chunks, seed, trailer) : unsignedChunks(chunks, trailer)
      const pieces = Array.from({ length: Math.ceil(framed.length / cut) }, (_, at) =>
        framed.subarray(at * cut, (at + 1) * cut),
      )
      const whole = Buffer.concat(chunks)
      const decoded = decodeAwsChunked(Readable.from(pieces), isSigned ? withTrailer : unsigned, whole.length)
      expect((await buffer(decoded)).equals(whole)).toBe(true)
      expect(decoded.trailers).toEqual({ [trailer.name]: trailer.value })
    },
  )
  await fc.assert(run, { numRuns: 60 })
})

describe('signed chunks are refused', () => {
  it.each<[string, Spoiling, string]>([
    ['when the first was changed', { changedChunk: 0 }, 'SignatureDoesNotMatch'],
    ['when the last was changed', { changedChunk: 1 }, 'SignatureDoesNotMatch'],
    ['in another order', { swapped: true }, 'SignatureDoesNotMatch'],
    ['without the closing one', { withoutLastChunk: true, trailer: '' }, 'IncompleteBody'],
    ['when cut off inside a header', { cutAt: 20 }, 'IncompleteBody'],
    ['when cut off inside data', { cutAt: 95 }, 'IncompleteBody'],
    ['when nothing came', { cutAt: 0 }, 'IncompleteBody'],
    [
      'when a trailer was added that nobody signed',
      { trailer: 'x-amz-checksum-crc32:AAAAAA==\r\n\r\n' },
      'MalformedTrailerError',
    ],
    ['when more follows their end', { trailer: '\r\n5\r\nhello\r\n0\r\n\r\n' }, 'MalformedTrailerError'],
  ])('%s', async (_title, spoiling, code) => {
    expect(await outcome(signedChunks(body, seed, undefined, spoiling), signed)).toBe(code)
  })

  it.each<[string, string, string]>([
    ['without its signature', 'x-amz-checksum-crc32:AAAAAA==\r\n\r\n', 'SignatureDoesNotMatch'],
    [
      'with a wrong one',
      `x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:${'0'.repeat(64)}\r\n\r\n`,
      'SignatureDoesNotMatch',
    ],
    ['missing', '\r\n', 'SignatureDoesNotMatch'],
    ['without a colon', 'x-amz-checksum-crc32\r\n\r\n', 'MalformedTrailerError'],
    ['without a name', ':AAAAAA==\r\n\r\n', 'MalformedTrailerError'],
    ['of more than 16 KiB', `${`a:${'b'.repeat(1000)}\r\n`.repeat(20)}\r\n`, 'MalformedTrailerError'],
    ['with a line of more than 1 KiB', `a:${'b'.repeat(2000)}\r\n\r\n`, 'InvalidRequest'],
  ])('with a trailer %s', async (_title, lines, code) => {
    expect(await outcome(signedChunks(body, seed, trailer, { trailer: lines }), withTrailer)).toBe(code)
  })

  it('with a trailer that was changed', async () => {
    const framed = signedChunks(body, seed, trailer).toString().replace('AAAAAA==', 'BAAAAA==')
    expect(await outcome(Buffer.from(framed), withTrailer)).toBe('SignatureDoesNotMatch')
  })

  it('when they are not signed at all', async () => {
    expect(await outcome(unsignedChunks(body), signed)).toBe('SignatureDoesNotMatch')
  })

  it('when they were signed for another request', async () => {
    const other = { ...seed, signature: 'f'.repeat(64) }
    expect(await outcome(signedChunks(body, other), signed)).toBe('SignatureDoesNotMatch')
  })
})

describe('any chunks are refused', () => {
  it.each<[string, Buffer, number, string]>([
    ['when fewer bytes came than were announced', unsignedChunks(body), length + 1, 'IncompleteBody'],
    ['when more came', unsignedChunks(body), length - 1, 'IncompleteBody'],
    ['with a size that is no hex', Buffer.from('xyz\r\n'), 0, 'InvalidRequest'],
    ['with a negative size', Buffer.from('-5\r\nhello\r\n0\r\n\r\n'), 5, 'InvalidRequest'],
    ['with a size that no number holds', Buffer.from(`${'f'.repeat(40)}\r\n`), 5, 'InvalidRequest'],
    ['with data longer than its size', Buffer.from('3\r\nhello\r\n0\r\n\r\n'), 5, 'InvalidRequest'],
    ['with a header that never ends', Buffer.alloc(5000, 'a'), 5, 'InvalidRequest'],
    [
      'with the same trailer twice',
      unsignedChunks(body, trailer, { trailer: 'a:1\r\na:2\r\n\r\n' }),
      length,
      'MalformedTrailerError',
    ],
  ])('%s', async (_title, framed, decodedLength, code) => {
    expect(await outcome(framed, unsigned, decodedLength)).toBe(code)
  })
})

it('takes the name of a trailer for nothing but a name', async () => {
  const framed = unsignedChunks(body, trailer, { trailer: '__proto__:polluted\r\nconstructor:x\r\n\r\n' })
  const decoded = decodeAwsChunked(Readable.from([framed]), unsigned, length)
  await buffer(decoded)
  expect(Object.keys(decoded.trailers)).toEqual(['__proto__', 'constructor'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})
