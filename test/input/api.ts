/** The API in this process, for requests that are written byte by byte. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startProgram } from '../support/program.ts'
import { type Signed, type SigningOptions, signHeaders, signQuery } from './signer.ts'
import { type Answer, exchange, format, type HeaderLines, type WireRequest } from './wire.ts'

export type User = 'main' | 'reader' | 'other' | 'nobody'

export interface Asked {
  /** `PUT /bucket/key?query`, sent as it is. */
  readonly line: string
  readonly headers?: Readonly<Record<string, string>> | HeaderLines
  readonly body?: string | Buffer
  /** `presigned`: signed in the query, its headers but Host left out of the signature. */
  readonly as?: User | 'anonymous' | 'presigned'
  readonly signing?: Partial<SigningOptions>
}

export interface TestApi {
  readonly port: number
  readonly root: string
  ask(asked: Asked): Promise<Answer>
  sign(asked: Asked): WireRequest | Signed
  /** Everything that can be seen from outside, as text: the same before and after a request that was refused. */
  state(): Promise<string>
  /** The part of it that is files, without the index and the journal of refusals: quicker. */
  files(): string
  close(): Promise<void>
}

const everything = [{ bucket: '*', actions: ['*'] }]
const users = [
  { access_key: 'main', secret_key: 'main-secret', display_name: 'Main', policies: everything },
  { access_key: 'reader', secret_key: 'reader-secret', policies: [{ bucket: '*', actions: ['list', 'read'] }] },
  { access_key: 'nobody', secret_key: 'nobody-secret', policies: [] },
  { access_key: 'other', secret_key: 'other-secret', account: '111111111111', policies: everything },
]

export async function startTestApi(env: Readonly<Record<string, string>> = {}): Promise<TestApi> {
  const program = await startProgram('api', {
    iam: { users },
    env: { DURABILITY: 'none', SIGNATURE_V2: 'on', ...env },
  })
  const { port, dataFolder: root, close } = program
  const host = `127.0.0.1:${port}`
  const sign = (asked: Asked) => signAs(host, asked)
  const ask = (asked: Asked) => exchange(port, format(sign(asked)))
  return {
    port,
    root,
    ask,
    sign,
    files: () => filesOf(root).join('\n'),
    state: async () => {
      const policies = readFileSync(join(root, '.myfsio.sys', 'config', 'bucket_policies.json'), 'utf8')
      const lists = await Promise.all(
        [
          '/',
          '/bucket?versions',
          '/bucket?uploads',
          '/versioned?versions',
          '/bucket?versioning',
          '/versioned?versioning',
          '/bucket?tagging',
          '/bucket/object?tagging',
        ].map(async (target) => (await ask({ line: `GET ${target}` })).body),
      )
      return [policies, ...lists, ...filesOf(root)].join('\n')
    },
    close,
  }
}

function signAs(host: string, { line, headers = {}, body, as = 'main', signing }: Asked): WireRequest | Signed {
  const [method = '', ...rest] = line.split(' ')
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const lines: (readonly [string, string])[] = [
    ['Host', host],
    ...(isLines(headers) ? headers : Object.entries(headers)),
  ]
  const request = { method, target: rest.join(' '), headers: lines, ...(bytes === undefined ? {} : { body: bytes }) }
  const user = as === 'presigned' || as === 'anonymous' ? 'main' : as
  const credentials = { accessKeyId: user, secret: `${user}-secret`, ...signing }
  if (as === 'anonymous') return withLength(request)
  if (as !== 'presigned') return withLength(signHeaders(request, credentials))
  const unsigned = lines.map(([name]) => name.toLowerCase()).filter((name) => name !== 'host')
  return withLength(signQuery(request, { unsigned, ...credentials }))
}

const isLines = (headers: Asked['headers']): headers is HeaderLines => Array.isArray(headers)

/** Content-Length as clients send it, unless the case has its own; an empty one is left out. */
function withLength<R extends WireRequest>(request: R): R {
  const own = request.headers.find(([name]) => name.toLowerCase() === 'content-length')
  if (own !== undefined) return { ...request, headers: request.headers.filter((one) => one !== own || own[1] !== '') }
  const isFramed = request.headers.some(([name]) => name.toLowerCase() === 'transfer-encoding')
  const needsLength = request.body !== undefined || request.method === 'PUT' || request.method === 'POST'
  if (isFramed || !needsLength) return request
  return { ...request, headers: [...request.headers, ['Content-Length', String(request.body?.length ?? 0)]] }
}

/** Without the server's own files: the index, its journal, documents, and the reserved space on the disk. */
function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/\.myfsio\.sys\/(index|journal|config|reserve)/.test(name))
    .sort()
    .map((name) => {
      const stats = statSync(join(root, name))
      return stats.isFile() ? `${name} ${stats.size}` : name
    })
}
