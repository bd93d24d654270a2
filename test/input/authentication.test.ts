/** Who is calling: every way to say it wrongly gets AWS's code, through every door and with every kind of body. */
import { createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { escapeXml } from '#lib/text/xml.ts'
import { type Asked, startTestApi, type TestApi } from './api.ts'
import { bodyModes, sendChunks, type Upload } from './send-chunks.ts'
import { signQuery } from './signer.ts'
import { exchange, format } from './wire.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ MYFSIO_BUCKETS: 'bucket,open', AWS_REGION: 'us-east-1' })
  await api.ask({ line: 'PUT /bucket/object', body: 'content' })
  const statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: 'arn:aws:s3:::open/*',
  }
  await api.ask({ line: 'PUT /open?policy', body: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }) })
})
afterAll(() => api.close())

const minute = 60_000
const get = 'GET /bucket/object'
const short = ({ status, code }: { status: number; code: string }) => `${status} ${code}`.trim()
const authorization = (value: string): Asked => ({
  line: get,
  as: 'anonymous',
  headers: { 'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d{3}/g, ''), authorization: value },
})
const today = new Date().toISOString().slice(0, 10).replaceAll('-', '')
const scope = `main/${today}/us-east-1/s3/aws4_request`

it.each<[string, string, string]>([
  ['Bearer', 'InvalidArgument', "Authorization header is invalid -- one and only one ' ' (space) required"],
  ['Bearer token', 'InvalidArgument', 'Unsupported Authorization Type'],
  ...[
    [
      'Credential={scope},SignedHeaders=host',
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    ],
    [
      'Credential={scope},SignedHeaders-host,Signature=0',
      'the authorization component "SignedHeaders-host" is malformed.',
    ],
    ['Key={scope},SignedHeaders=host,Signature=0', 'missing Credential.'],
    ['Credential={scope},Headers=host,Signature=0', 'missing SignedHeaders.'],
    ['Credential={scope},SignedHeaders=host,Sig=0', 'missing Signature.'],
    [
      'Credential=main,SignedHeaders=host,Signature=0',
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ],
    [
      'Credential=main/{today}/us-east-1/s3/aws_request,SignedHeaders=host,Signature=0',
      'incorrect terminal "aws_request". This endpoint uses "aws4_request".',
    ],
    [
      'Credential=main/today/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=0',
      'incorrect date format "today". This date in the credential must be in the format "yyyyMMdd".',
    ],
    [
      'Credential=main/20200101/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-date,Signature=0',
      'Invalid credential date. Date is not the same as X-Amz-Date.',
    ],
    [
      'Credential=main/{today}/us-west-2/s3/aws4_request,SignedHeaders=host;x-amz-date,Signature=0',
      "the region 'us-west-2' is wrong; expecting 'us-east-1'",
    ],
    [
      'Credential=main/{today}/us-east-1/ec2/aws4_request,SignedHeaders=host;x-amz-date,Signature=0',
      'incorrect service "ec2". This endpoint belongs to "s3".',
    ],
  ].map(([fields = '', reason]): [string, string, string] => [
    `AWS4-HMAC-SHA256 ${fields.replace('{scope}', scope).replace('{today}', today)}`,
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; ${reason}`,
  ]),
])('Authorization: %s is %s', async (header, code, message) => {
  const answer = await api.ask(authorization(header))
  expect([answer.status, answer.code, answer.message]).toEqual([400, code, escapeXml(message)])
})

describe('a signature in the header is refused', () => {
  it.each<[string, Asked, string]>([
    ['of an unknown key', { line: get, signing: { accessKeyId: 'unknown' } }, '403 InvalidAccessKeyId'],
    ['with another secret', { line: get, signing: { secret: 'wrong' } }, '403 SignatureDoesNotMatch'],
    ['for another region', { line: get, signing: { region: 'eu-west-1' } }, '400 AuthorizationHeaderMalformed'],
    ['for another service', { line: get, signing: { service: 'ec2' } }, '400 AuthorizationHeaderMalformed'],
    ['of 16 minutes ago', { line: get, signing: { nowMs: Date.now() - 16 * minute } }, '403 RequestTimeTooSkewed'],
    ['of 16 minutes ahead', { line: get, signing: { nowMs: Date.now() + 16 * minute } }, '403 RequestTimeTooSkewed'],
    ['that does not sign Host', { line: get, signing: { unsigned: ['host'] } }, '403 AccessDenied'],
    ['that does not sign its own date', { line: get, signing: { unsigned: ['x-amz-date'] } }, '403 AccessDenied'],
    [
      'with a session token of a key that has none',
      { line: get, headers: { 'x-amz-security-token': 'token' } },
      '400 InvalidToken',
    ],
    ['of another scheme', authorization('Bearer token'), '400 InvalidArgument'],
    ['that is empty', authorization(''), '403 AccessDenied'],
    ['of no fields', authorization('AWS4-HMAC-SHA256'), '400 AuthorizationHeaderMalformed'],
    [
      'without Credential',
      authorization('AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0'),
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'without SignedHeaders',
      authorization(`AWS4-HMAC-SHA256 Credential=${scope}, Signature=0`),
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'without Signature',
      authorization(`AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host`),
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'of half a scope',
      authorization('AWS4-HMAC-SHA256 Credential=main/x, SignedHeaders=host, Signature=0'),
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'of another day than its date',
      authorization(
        `AWS4-HMAC-SHA256 Credential=${scope.replace(today, '20200101')}, SignedHeaders=host;x-amz-date, Signature=0`,
      ),
      '400 AuthorizationHeaderMalformed',
    ],
    [
      'that is not hex',
      authorization(`AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=é`),
      '403 SignatureDoesNotMatch',
    ],
    [
      'without a date',
      {
        line: get,
        as: 'anonymous',
        headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
      },
      '403 AccessDenied',
    ],
    [
      'with a date that is none',
      {
        line: get,
        as: 'anonymous',
        headers: {
          'x-amz-date': 'noon',
          authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
        },
      },
      '403 AccessDenied',
    ],
    ['of Version 2 without a signature', authorization('AWS main'), '400 InvalidArgument'],
    [
      'of Version 2 that is wrong',
      {
        ...authorization('AWS main:AAAA'),
        headers: { date: new Date().toUTCString(), authorization: 'AWS main:AAAA' },
      },
      '403 SignatureDoesNotMatch',
    ],
    [
      'of Version 2 of yesterday',
      {
        ...authorization(''),
        headers: { date: new Date(Date.now() - 86_400_000).toUTCString(), authorization: 'AWS main:AAAA' },
      },
      '403 RequestTimeTooSkewed',
    ],
    [
      'beside one in the query',
      { line: `${get}?X-Amz-Signature=0&X-Amz-Algorithm=AWS4-HMAC-SHA256` },
      '400 InvalidArgument',
    ],
  ])('%s', async (_title, asked, answers) => {
    expect(short(await api.ask(asked))).toBe(answers)
  })

  it('telling what was computed, and the region that was expected', async () => {
    const wrong = await api.ask({ line: get, signing: { secret: 'wrong' } })
    for (const element of ['AWSAccessKeyId', 'StringToSign', 'SignatureProvided', 'CanonicalRequest']) {
      expect(wrong.body).toContain(`<${element}>`)
    }
    expect(wrong.body).not.toContain('main-secret')
    const elsewhere = await api.ask({ line: get, signing: { region: 'eu-west-1' } })
    expect(elsewhere.body).toContain('<Region>us-east-1</Region>')
  })
})

/** A presigned URL that is then changed as text. */
function presigned(
  spoil: (target: string) => string,
  options: { expires?: string; nowMs?: number } = {},
  method = 'GET',
) {
  const host = `127.0.0.1:${api.port}`
  const request = { method: 'GET', target: '/bucket/object', headers: [['Host', host]] as const }
  const signed = signQuery(request, { accessKeyId: 'main', secret: 'main-secret', ...options })
  return exchange(api.port, format({ ...signed, method, target: spoil(signed.target) }))
}
const without = (name: string) => (target: string) => target.replace(new RegExp(`${name}=[^&]*&?`), '')
const same = (target: string) => target

describe('a presigned URL', () => {
  it('is good from its first to its last second', async () => {
    expect((await presigned(same)).body).toBe('content')
    expect((await presigned(same, { expires: '604800', nowMs: Date.now() - 6 * 86_400_000 })).status).toBe(200)
  })

  it.each([
    ['-1', 'X-Amz-Expires must be non-negative'],
    [
      '604801',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    ],
    ['soon', 'X-Amz-Expires should be a number'],
  ])('is told what is wrong with %s seconds', async (expires, message) => {
    expect(await presigned(same, { expires })).toMatchObject({ code: 'AuthorizationQueryParametersError', message })
  })

  it.each<[string, Parameters<typeof presigned>, string]>([
    ['for no time', [same, { expires: '0' }], '403 AccessDenied'],
    ['for less than no time', [same, { expires: '-1' }], '400 AuthorizationQueryParametersError'],
    ['for more than a week', [same, { expires: '604801' }], '400 AuthorizationQueryParametersError'],
    ['for a word', [same, { expires: 'soon' }], '400 AuthorizationQueryParametersError'],
    ['for more than numbers hold', [same, { expires: '9'.repeat(400) }], '400 AuthorizationQueryParametersError'],
    ['that has expired', [same, { expires: '60', nowMs: Date.now() - 2 * minute }], '403 AccessDenied'],
    ['of the future', [same, { nowMs: Date.now() + 16 * minute }], '403 AccessDenied'],
    [
      'with a longer life than was signed',
      [(target) => target.replace('Expires=900', 'Expires=901')],
      '403 SignatureDoesNotMatch',
    ],
    ['without its algorithm', [without('X-Amz-Algorithm')], '400 AuthorizationQueryParametersError'],
    ['without its credential', [without('X-Amz-Credential')], '400 AuthorizationQueryParametersError'],
    ['without its date', [without('X-Amz-Date')], '400 AuthorizationQueryParametersError'],
    ['without its expiry', [without('X-Amz-Expires')], '400 AuthorizationQueryParametersError'],
    ['without its signed headers', [without('X-Amz-SignedHeaders')], '400 AuthorizationQueryParametersError'],
    ['without its signature', [without('X-Amz-Signature')], '400 AuthorizationQueryParametersError'],
    ['of another algorithm', [(target) => target.replace('SHA256', 'MD5')], '400 AuthorizationQueryParametersError'],
    [
      'with a date that is none',
      [(target) => target.replace(/Date=[^&]*/, 'Date=noon')],
      '400 AuthorizationQueryParametersError',
    ],
    [
      'that signs no Host',
      [(target) => target.replace('SignedHeaders=host', 'SignedHeaders=date')],
      '403 AccessDenied',
    ],
    ['with another key', [(target) => target.replace('/object', '/other')], '403 SignatureDoesNotMatch'],
    ['with another bucket', [(target) => target.replace('/bucket/', '/open/')], '403 SignatureDoesNotMatch'],
    ['with a parameter more', [(target) => `${target}&response-content-type=text/html`], '403 SignatureDoesNotMatch'],
    [
      'with its signature given twice',
      [(target) => `${target}&X-Amz-Signature=${'0'.repeat(64)}`.replace('X-Amz-Signature=', 'X-Amz-Signature=0')],
      '403 SignatureDoesNotMatch',
    ],
    ['to delete with one to read', [same, {}, 'DELETE'], '403 SignatureDoesNotMatch'],
    ['to write with one to read', [same, {}, 'PUT'], '403 SignatureDoesNotMatch'],
  ])('is refused: %s', async (_title, parameters, answers) => {
    expect(short(await presigned(...parameters))).toBe(answers)
  })

  it('of Version 2 is refused when it is wrong, has expired or expires at no time', async () => {
    const expires = Math.floor(Date.now() / 1000)
    const ask = async (at: string, signature: string) =>
      short(await api.ask({ line: `${get}?AWSAccessKeyId=main&Expires=${at}&Signature=${signature}`, as: 'anonymous' }))
    expect(await ask(`${expires + 60}`, 'AAAA')).toBe('403 SignatureDoesNotMatch')
    expect(await ask(`${expires - 60}`, 'AAAA')).toBe('403 AccessDenied')
    expect(await ask('never', 'AAAA')).toBe('403 AccessDenied')
  })
})

describe('keys in plain headers', () => {
  const ask = async (key: string, secret: string) =>
    api.ask({ line: get, as: 'anonymous', headers: { 'x-access-key': key, 'x-secret-key': secret } })

  it('are accepted, and locked out after five failures, with one answer for wrong and unknown', async () => {
    expect((await ask('main', 'main-secret')).status).toBe(200)
    const wrong = await ask('reader', 'wrong')
    const unknown = await ask('unknown', 'wrong')
    expect([short(wrong), wrong.message]).toEqual([short(unknown), unknown.message])
    for (let failures = 1; failures < 5; failures++) await ask('reader', 'wrong')
    const locked = await ask('reader', 'reader-secret')
    expect([locked.status, locked.message]).toEqual([403, expect.stringContaining('temporarily locked')])
    expect((await ask('main', 'main-secret')).status).toBe(200)
  })
})

const chunks = [Buffer.alloc(70_000, 'a'), Buffer.alloc(9000, 'b'), Buffer.from('c')]
const whole = Buffer.concat(chunks)
const checksum = Buffer.alloc(4)
checksum.writeUInt32BE(crc32(whole))
const trailer = { name: 'x-amz-checksum-crc32', value: checksum.toString('base64') }
const upload = (mode: (typeof bodyModes)[number], more: Partial<Upload> = {}): Upload => ({
  line: 'PUT /bucket/chunked',
  mode,
  chunks,
  ...(mode.endsWith('TRAILER') ? { trailer } : {}),
  ...more,
})

describe.each(bodyModes)('a body as %s', (mode) => {
  const send = async (more: Partial<Upload> = {}) => short(await sendChunks(api, upload(mode, more)))

  it('is stored without its framing', async () => {
    expect(await send()).toBe('200')
    const stored = await api.ask({ line: 'GET /bucket/chunked' })
    expect(stored.body === whole.toString()).toBe(true)
    expect(stored.headers['content-encoding']).toBeUndefined()
  })

  it.each<[string, Partial<Upload>, string]>([
    ['signed with another secret', { signing: { secret: 'wrong' } }, '403 SignatureDoesNotMatch'],
    ['signed by an unknown key', { signing: { accessKeyId: 'unknown' } }, '403 InvalidAccessKeyId'],
    ['cut off', { spoiling: { cutAt: 50_000 }, headers: { 'content-length': '50000' } }, '400 IncompleteBody'],
    ['of another length than announced', { decodedLength: whole.length + 1 }, '400 IncompleteBody'],
    ['of a negative length', { headers: { 'x-amz-decoded-content-length': '-1' } }, '400 InvalidArgument'],
    [
      'of a length that is no number',
      { headers: { 'x-amz-decoded-content-length': '12x' } },
      '411 MissingContentLength',
    ],
    ['with bytes after its end', { spoiling: { after: '\r\n' } }, '400 MalformedTrailerError'],
    ['without its last byte', { spoiling: { withoutLastByte: true } }, '400 IncompleteBody'],
  ])('is refused %s, and nothing is stored', async (_title, more, answers) => {
    const before = api.files()
    expect(await send(more)).toBe(answers)
    expect(await send({ line: 'PUT /bucket/new', ...more })).toBe(answers)
    expect(api.files()).toBe(before)
  })

  if (mode.endsWith('TRAILER')) {
    it.each<[string, string]>([
      ['wrong', `${trailer.name}:AAAAAA==\r\n\r\n`],
      ['missing', '\r\n'],
      ['followed by another', `${trailer.name}:${trailer.value}\r\nx-amz-meta-a:b\r\n\r\n`],
      ['given twice', `${trailer.name}:${trailer.value}\r\n${trailer.name}:${trailer.value}\r\n\r\n`],
      ['of another name', 'x-amz-checksum-sha1:AAAA\r\n\r\n'],
    ])('is refused when its trailer is %s', async (_title, lines) => {
      const before = api.files()
      const length = Buffer.byteLength(lines)
      const code = await send({ spoiling: { trailer: lines } })
      expect(length > 0 && code).toMatch(/^400 (BadDigest|MalformedTrailerError)$|^403 SignatureDoesNotMatch$/)
      expect(api.files()).toBe(before)
    })
  }

  it('has no trailer that no header announced', async () => {
    const before = api.files()
    const spoiling = { trailer: `${trailer.name}:${trailer.value}\r\n\r\n` }
    const { trailer: _, ...unannounced } = upload(mode, { spoiling })
    const code = mode.includes('UNSIGNED')
      ? '400 MalformedTrailerError'
      : expect.stringMatching(/Malformed|DoesNotMatch/)
    expect(short(await sendChunks(api, unannounced))).toEqual(code)
    expect(api.files()).toBe(before)
  })

  it('is held to the rights of its sender', async () => {
    expect(await send({ as: 'reader' })).toBe('403 AccessDenied')
  })
})

it('a trailer is about the body it follows, also where headers speak of an object', async () => {
  const begun = await api.ask({ line: 'POST /bucket/completed?uploads' })
  const line = `POST /bucket/completed?uploadId=${/<UploadId>(\w+)</.exec(begun.body)?.[1]}`
  const part = await api.ask({ line: `${line.replace('POST', 'PUT')}&partNumber=1`, body: 'part' })
  const xml = Buffer.from(
    `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`,
  )
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(xml))
  const complete = (text: string) =>
    sendChunks(api, { line, mode: bodyModes[2], chunks: [xml], trailer: { ...trailer, value: text } })
  expect(short(await complete('AAAAAA=='))).toBe('400 BadDigest')
  expect(short(await complete(value.toString('base64')))).toBe('200')
})

describe('a body without a signature of Version 4', () => {
  const open = { line: 'PUT /open/chunked', as: 'anonymous' } as const
  const stored = async () => (await api.ask({ line: 'GET /open/chunked' })).body

  it('has its framing taken off as well', async () => {
    expect(short(await sendChunks(api, upload('STREAMING-UNSIGNED-PAYLOAD-TRAILER', open)))).toBe('200')
    expect((await stored()) === whole.toString()).toBe(true)
  })

  it('is checked against its trailer', async () => {
    const wrong = { ...open, trailer: { ...trailer, value: 'AAAAAA==' } }
    expect(short(await sendChunks(api, upload('STREAMING-UNSIGNED-PAYLOAD-TRAILER', wrong)))).toBe('400 BadDigest')
  })

  it('cannot have signed chunks, which nobody could verify', async () => {
    expect(short(await sendChunks(api, upload('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', open)))).toBe('400 InvalidRequest')
  })

  it('is checked against the hash it names', async () => {
    const headers = { 'x-amz-content-sha256': 'a'.repeat(64) }
    expect(short(await api.ask({ ...open, headers, body: 'x' }))).toBe('400 XAmzContentSHA256Mismatch')
    expect(short(await api.ask({ ...open, headers: { 'x-amz-content-sha256': 'no' }, body: 'x' }))).toBe(
      '400 InvalidArgument',
    )
  })

  it('has its framing taken off under Version 2 and under plain keys', async () => {
    const mode = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }
    const plain = { ...mode, 'x-access-key': 'main', 'x-secret-key': 'main-secret' }
    expect(
      short(await sendChunks(api, upload('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { ...open, headers: plain }))),
    ).toBe('200')
    expect((await stored()) === whole.toString()).toBe(true)
    const date = new Date().toUTCString()
    const amz = [
      ['x-amz-content-sha256', mode['x-amz-content-sha256']],
      ['x-amz-decoded-content-length', String(whole.length)],
      ['x-amz-trailer', trailer.name],
    ]
    const text = `PUT\n\n\n${date}\n${amz.map((pair) => `${pair.join(':')}\n`).join('')}/open/chunked`
    const signature = createHmac('sha1', 'main-secret').update(text).digest('base64')
    const v2 = { ...mode, date, authorization: `AWS main:${signature}` }
    expect(short(await sendChunks(api, upload('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { ...open, headers: v2 })))).toBe(
      '200',
    )
    expect((await stored()) === whole.toString()).toBe(true)
  })
})
