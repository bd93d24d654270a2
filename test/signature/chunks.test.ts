/** Bodies in aws-chunked framing: whole they decode, spoilt in any place they are refused before they end. */
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiError } from '#model/errors.ts'
import { decodeAwsChunked } from '#signature/chunks/aws-chunked.ts'
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
const body = [Buffer.alloc(8192, 'first chunk'), Buffer.from('second chunk')]
const length = 8192 + 12

/** The decoded bytes as text, or the code of the error. */
async function outcome(
  framed: Buffer | string,
  payload: Payload,
  decodedLength: number | undefined = length,
  trailerName: string | undefined = trailer.name,
): Promise<string> {
  try {
    const source = Readable.from([Buffer.from(framed)])
    return (await buffer(decodeAwsChunked(source, payload, decodedLength, trailerName))).toString()
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
      // Signed ones have a least size.
      const least = isSigned ? 8191 : 0
      const chunks = chunkSizes.map((size, index) => Buffer.alloc(least + size, `${index}\r\n`))
      const framed = isSigned ? signedChunks(chunks, seed, trailer) : unsignedChunks(chunks, trailer)
      const pieces = Array.from({ length: Math.ceil(framed.length / cut) }, (_, at) =>
        framed.subarray(at * cut, (at + 1) * cut),
      )
      const whole = Buffer.concat(chunks)
      const payload = isSigned ? withTrailer : unsigned
      const decoded = decodeAwsChunked(Readable.from(pieces), payload, whole.length, trailer.name)
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
    expect(await outcome(unsignedChunks(body), signed)).toBe('IncompleteBody')
  })

  it.each<[string, string, string]>([
    ['with a first chunk size that is no hex', '2000;', 'j;'],
    ['with a first chunk size that is too small', '2000;', '1fff;'],
    ['with a first chunk size that is too large', '2000;', '2001;'],
    ['with a first chunk size far too large', '2000;', 'fffff;'],
    ['without the semicolon', '2000;', '2000:'],
    ['without the name of the signature', 'chunk-signature=', ''],
    ['with a short signature', 'chunk-signature=', 'chunk-signature'],
    ['with something between data and the next chunk', '\r\nc;', 'dd\r\nc;'],
    ['without the end of the data', '\r\nc;', 'c;'],
    ['with LF alone after a header', '\r\nfirst', '\nfirst'],
  ])('%s', async (_title, right, wrong) => {
    const framed = signedChunks(body, seed).toString()
    expect(await outcome(framed, signed)).toBe(Buffer.concat(body).toString())
    expect(await outcome(framed.replace(right, wrong), signed)).toBe('IncompleteBody')
  })

  it('when one that is not the last has less than 8,192 bytes', async () => {
    const sized = (...sizes: number[]) => {
      const chunks = sizes.map((size) => Buffer.alloc(size, 'x'))
      return outcome(signedChunks(chunks, seed), signed, Buffer.concat(chunks).length)
    }
    for (const sizes of [[8192, 8192, 100], [100], [10_000, 8192], [8192]])
      expect(await sized(...sizes)).toMatch(/^x+$/)
    for (const sizes of [
      [8191, 1],
      [100, 8192],
      [8192, 10, 100],
      [10_000, 10, 8192],
    ]) {
      expect(await sized(...sizes)).toBe('InvalidChunkSizeError')
    }
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
    ['with a size that is no hex', Buffer.from('xyz\r\n'), 0, 'IncompleteBody'],
    ['with a negative size', Buffer.from('-5\r\nhello\r\n0\r\n\r\n'), 5, 'IncompleteBody'],
    ['with a size that no number holds', Buffer.from(`${'f'.repeat(40)}\r\n`), 5, 'IncompleteBody'],
    ['with data longer than its size', Buffer.from('3\r\nhello\r\n0\r\n\r\n'), 5, 'IncompleteBody'],
    ['with data shorter than its size', Buffer.from('6\r\nhello\r\n0\r\n\r\n'), 5, 'IncompleteBody'],
    ['with LF alone after a size', Buffer.from('5\nhello\r\n0\r\n\r\n'), 5, 'IncompleteBody'],
    ['with LF alone after data', Buffer.from('5\r\nhello\n0\r\n\r\n'), 5, 'IncompleteBody'],
    ['without CRLF after data', Buffer.from('5\r\nhello0\r\n\r\n'), 5, 'IncompleteBody'],
    ['with a header that never ends', Buffer.alloc(5000, 'a'), 5, 'IncompleteBody'],
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

describe('the end of a body', () => {
  const [start] = unsignedChunks(body).toString().split('0\r\n\r\n')
  const ending = (end: string, trailerName?: string) => outcome(`${start}${end}`, unsigned, length, trailerName ?? '')
  const field = `${trailer.name}:${trailer.value}`
  const whole = Buffer.concat(body).toString()

  it.each(['0\r\n', '0\r\n\r', '0\r\n\rs', '0\r\n\n', '0\n\r\n', ''])('is no %j', async (end) => {
    expect(await ending(end)).toBe('IncompleteBody')
  })

  it.each([
    `0\r\n${field}`,
    `0\r\n${field}\r\n`,
    `0\r\n${field}\r\n\r`,
    `0\r\n${field}\r\n\rs`,
    `0\r\n${field}\n\r\n`,
    `0\r\n${field}\n\n`,
  ])('is no %j after a trailer', async (end) => {
    expect(await ending(end, trailer.name)).toBe('IncompleteBody')
  })

  it.each(['x', '\n', '\r\n', '5\r\nhello\r\n0\r\n\r\n', `${field}\r\n\r\n`])(
    'is followed by nothing: %j',
    async (more) => {
      expect(await ending('0\r\n\r\n')).toBe(whole)
      expect(await ending(`0\r\n\r\n${more}`)).toBe('MalformedTrailerError')
      expect(await ending(`0\r\n${field}\r\n\r\n`, trailer.name)).toBe(whole)
      expect(await ending(`0\r\n${field}\r\n\r\n${more}`, trailer.name)).toBe('MalformedTrailerError')
    },
  )

  it('may come after a trailer with LF of its own, as minio-go and the documentation write it', async () => {
    expect(await ending(`0\r\n${field}\n\r\n\r\n`, trailer.name)).toBe(whole)
    const framed = signedChunks(body, seed, trailer).toString().replace(`${field}\r\n`, `${field}\n\r\n`)
    expect(await outcome(framed, withTrailer)).toBe(whole)
  })

  it.each([
    ['of another name', 'x-amz-checksum-sha1:AAAA', trailer.name],
    ['that nothing announced', field, ''],
    ['with a signature, where none is', `${field}\r\nx-amz-trailer-signature:${'0'.repeat(64)}`, trailer.name],
    ['beside the one announced', `${field}\r\nx-amz-meta-a:b`, trailer.name],
    ['of a name that means something else to JavaScript', '__proto__:polluted', trailer.name],
  ])('has no trailer %s', async (_title, lines, announced) => {
    expect(await ending(`0\r\n${lines}\r\n\r\n`, announced)).toBe('MalformedTrailerError')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('has no trailer that nothing announced, though it is signed', async () => {
    expect(await outcome(signedChunks(body, seed, trailer), withTrailer, length, '')).toBe('MalformedTrailerError')
  })
})
