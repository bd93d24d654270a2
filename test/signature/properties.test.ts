/** Properties of every request: in any spelling, a valid signature passes and a changed request does not. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBucketHostReader } from '#model/bucket/bucket-host.ts'
import { ApiError } from '#model/errors.ts'
import { createAddressReader } from '#s3/request/address.ts'
import { parseCredentials, type V4Credentials } from '#signature/credentials.ts'
import type { SignableRequest } from '#signature/request.ts'
import { verifyV4 } from '#signature/v4.ts'
import { encode, encodeKey, type SigningOptions, signHeaders, signQuery } from '../input/signer.ts'
import type { WireRequest } from '../input/wire.ts'

const nowMs = Date.UTC(2026, 10, 24, 2)
const signing: SigningOptions = { accessKeyId: 'AKIA/EXAMPLE', secret: 'secret', nowMs }
const isRegion = (name: string) => name === 'us-east-1'
const options = { region: 'us-east-1', service: 's3', isRegion, hosts: [], bucketInHost: createBucketHostReader([]) }

function received({ method, target, headers: lines }: WireRequest): SignableRequest {
  const headers: Record<string, string> = {}
  for (const [name, value] of lines) {
    const lower = name.toLowerCase()
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`
  }
  return { method, target, headers, rawHeaders: lines.flat() }
}

const verify = (request: WireRequest) => {
  const asked = received(request)
  return verifyV4(asked, parseCredentials(asked) as V4Credentials, 'secret', options, nowMs)
}

const codeOf = (run: () => unknown) => {
  try {
    run()
    return 'passed'
  } catch (error) {
    return error instanceof ApiError ? error.code : error
  }
}

const piece = fc.constantFrom(
  '/',
  '//',
  '..',
  '.',
  '+',
  ' ',
  '%',
  '%2F',
  '%20',
  'é',
  '日本',
  '🙂',
  "!*'()",
  '&=?#',
  '~',
  'a',
  '\u0001',
  '\\',
  '$,:;@',
)
const key = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''))
const method = fc.constantFrom('GET', 'PUT', 'DELETE', 'POST', 'HEAD')
const headerValue = fc.stringMatching(/^[!-~]{1,10}( {1,3}[!-~]{1,10}){0,2}$/)
const extraHeaders = fc.array(
  fc.tuple(fc.constantFrom('x-amz-meta-A', 'X-Amz-Meta-b', 'x-amz-meta-a', 'Content-Type'), headerValue),
  { maxLength: 3 },
)
const parameters = fc.array(fc.tuple(fc.constantFrom('prefix', 'a', 'b', 'max-keys', 'a-b', 'a='), key), {
  maxLength: 3,
})

const request = fc
  .record({ method, key, extraHeaders, parameters })
  .map(({ method, key, extraHeaders, parameters }): WireRequest => {
    const query = parameters.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
    const target = `/bucket/${encodeKey(key)}${query === '' ? '' : `?${query}`}`
    return { method, target, headers: [['Host', 'localhost:5000'], ...extraHeaders] }
  })

describe('a signed request', () => {
  it('passes whatever its key, query and headers', () => {
    fc.assert(fc.property(request, (one) => verify(signHeaders(one, signing)).kind === 'sha256'))
  })

  it('passes as a presigned URL', () => {
    fc.assert(fc.property(request, (one) => verify(signQuery(one, signing)).kind === 'unsigned'))
  })

  it('names one key, whether sent encoded as S3 does or as browsers do', () => {
    const read = createAddressReader([])
    fc.assert(
      fc.property(key, (text) => {
        expect(read(`/bucket/${encodeKey(text)}`, 'localhost').key).toBe(text)
        const loose = encodeKey(text).replace(/%(21|27|28|29|2A|24|2C|3A|3B|40)/g, (hex) => decodeURIComponent(hex))
        expect(read(`/bucket/${loose.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase())}`, 'localhost').key).toBe(
          text,
        )
        const signed = signHeaders(
          { method: 'GET', target: `/bucket/${encodeKey(text)}`, headers: [['Host', 'h']] },
          signing,
        )
        expect(verify({ ...signed, target: `/bucket/${loose}` }).kind).toBe('sha256')
      }),
    )
  })

  it('passes in any legal spacing and order of its Authorization header', () => {
    const blank = fc.constantFrom('', ' ', '  ', '\t')
    fc.assert(
      fc.property(
        fc.array(blank, { minLength: 7, maxLength: 7 }),
        fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
        (blanks, order) => {
          const signed = signHeaders({ method: 'GET', target: '/b/k', headers: [['Host', 'h']] }, signing)
          const value = signed.headers.at(-1)?.[1] ?? ''
          const parts = value.slice('AWS4-HMAC-SHA256 '.length).split(', ')
          const spaced = order.map((index, at) => `${blanks[at]}${parts[index]}${blanks[at + 3]}`).join(',')
          const headers = [
            ...signed.headers.slice(0, -1),
            ['Authorization', `AWS4-HMAC-SHA256 ${spaced}${blanks[6]}`] as const,
          ]
          expect(verify({ ...signed, headers }).kind).toBe('sha256')
        },
      ),
    )
  })
})

describe('a request that was changed after it was signed', () => {
  const spoilt = (spoil: (signed: WireRequest) => WireRequest) =>
    fc.assert(
      fc.property(request, fc.constantFrom(signHeaders, signQuery), (one, sign) => {
        expect(codeOf(() => verify(spoil(sign(one, signing))))).toBe('SignatureDoesNotMatch')
      }),
      { numRuns: 50 },
    )
  const withHeader = (signed: WireRequest, wanted: string, change: (value: string) => string): WireRequest => ({
    ...signed,
    headers: signed.headers.map(
      ([name, value]) => [name, name.toLowerCase() === wanted ? change(value) : value] as const,
    ),
  })

  it('has another method', () => spoilt((one) => ({ ...one, method: one.method === 'GET' ? 'DELETE' : 'GET' })))
  it('has another bucket', () => spoilt((one) => ({ ...one, target: one.target.replace('/bucket/', '/bucker/') })))
  it('has another key', () => spoilt((one) => ({ ...one, target: one.target.replace('/bucket/', '/bucket/x') })))
  it('has one more parameter', () =>
    spoilt((one) => ({ ...one, target: `${one.target}${one.target.includes('?') ? '&' : '?'}versionId=1` })))
  it('has another Host', () => spoilt((one) => withHeader(one, 'host', () => 'other:5000')))
  it('has a header given twice', () =>
    spoilt((one) => ({ ...one, headers: [...one.headers, ['Host', 'localhost:5000']] })))

  it('has one bit of its signature changed, or half of it, or none', () => {
    fc.assert(
      fc.property(fc.nat(63), fc.constantFrom('flip', 'half', 'longer'), (at, how) => {
        const signed = signHeaders({ method: 'GET', target: '/b/k', headers: [['Host', 'h']] }, signing)
        const { signature } = signed
        const flipped = signature.slice(0, at) + (signature[at] === '0' ? '1' : '0') + signature.slice(at + 1)
        const other = how === 'flip' ? flipped : how === 'half' ? signature.slice(0, 32) : `${signature}0`
        const code = codeOf(() =>
          verify(withHeader(signed, 'authorization', (value) => value.replace(signature, other))),
        )
        expect(code).toBe('SignatureDoesNotMatch')
      }),
      { numRuns: 30 },
    )
  })

  it('has another body hash, date or metadata', () => {
    const signed = signHeaders(
      {
        method: 'PUT',
        target: '/b/k',
        headers: [
          ['Host', 'h'],
          ['x-amz-meta-a', '1'],
        ],
      },
      signing,
    )
    expect(codeOf(() => verify(withHeader(signed, 'x-amz-meta-a', () => '2')))).toBe('SignatureDoesNotMatch')
    expect(codeOf(() => verify(withHeader(signed, 'x-amz-content-sha256', () => 'UNSIGNED-PAYLOAD')))).toBe(
      'SignatureDoesNotMatch',
    )
    expect(codeOf(() => verify(withHeader(signed, 'x-amz-date', () => '20261124T020001Z')))).toBe(
      'SignatureDoesNotMatch',
    )
  })
})

it('reads any Authorization header without breaking', () => {
  const fragment = fc.constantFrom(
    'AWS',
    'AWS4-HMAC-SHA256',
    'Credential=',
    'a/20261124/us-east-1/s3/aws4_request',
    'SignedHeaders=',
    'host',
    'Signature=',
    ',',
    ' ',
    ':',
    ';',
    '=',
    '/',
    'é',
    '\t',
    'x',
  )
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 14 }), (fragments) => {
      const headers = [
        ['Host', 'h'],
        ['x-amz-date', '20261124T020000Z'],
        ['Authorization', fragments.join('')],
      ] as const
      const code = codeOf(() => verify({ method: 'GET', target: '/b/k', headers }))
      expect(code).toSatisfy((one) => typeof one === 'string' && one !== 'passed')
    }),
    { numRuns: 300 },
  )
})
