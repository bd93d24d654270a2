/**
 * Why a signature does not match: tries common mistakes, one change of the canonical request at a time, until one gives
 * the received signature. For operators; clients get only AWS's message.
 */
import { hash } from 'node:crypto'
import { awsEncode } from '#lib/text/uri.ts'
import { isSame, signingKey } from './signing-key.ts'

export interface Mismatch {
  /** The values of the error's fields with these names. */
  readonly canonicalRequest: string
  readonly stringToSign: string
  readonly signature: string
  readonly secretAccessKey: string
  /** Hosts that the client may have signed instead of the received one. */
  readonly hosts: readonly string[]
  /** The hosts that signatures may use: API_BASE_URL, ALLOWED_HOSTS. */
  readonly acceptedHosts: readonly string[]
  /** Whether headers show that there is a proxy. */
  readonly isProxied: boolean
}

/** The parts of a canonical request. */
interface Parts {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly rest: string
}

interface Attempt {
  readonly parts: Parts
  readonly hint: string
}

/** Always a sentence: a wrong secret explains everything else. */
export function diagnoseMismatch(mismatch: Mismatch): string {
  const parts = parse(mismatch.canonicalRequest)
  for (const { parts: changed, hint } of attempts(parts, mismatch)) {
    if (matches(mismatch, format(changed), mismatch.secretAccessKey)) return hint
  }
  for (const secret of [
    `${mismatch.secretAccessKey}\n`,
    `${mismatch.secretAccessKey} `,
    ` ${mismatch.secretAccessKey}`,
  ]) {
    if (matches(mismatch, mismatch.canonicalRequest, secret))
      return 'The secret that the client uses has white space around it.'
  }
  const lost = parts.headers.filter(([, value]) => value === '').map(([name]) => name)
  if (lost.length > 0) return `Signed, but not received: ${lost.join(', ')}. A proxy may have removed it.`
  return unexplained(parts, mismatch)
}

/** A wrong secret and an unknown host look the same: both are named. */
function unexplained(parts: Parts, { acceptedHosts, isProxied }: Mismatch): string {
  const accepted =
    acceptedHosts.length === 0
      ? 'no other host is accepted'
      : `hosts accepted beside it: ${acceptedHosts.map((host) => `"${host}"`).join(', ')}`
  const hosts = `the Host received is "${headerOf(parts, 'host')}", ${accepted}; name the one that clients use in API_BASE_URL or ALLOWED_HOSTS, or let the proxy keep it`
  return isProxied
    ? `A proxy may have changed Host: ${hosts}. If Host is right, the secret is not the one of this access key.`
    : `The secret is most likely not the one of this access key. If it is, a proxy may have changed Host: ${hosts}.`
}

function* attempts(parts: Parts, { hosts, acceptedHosts }: Mismatch): Iterable<Attempt> {
  const received = headerOf(parts, 'host')
  for (const host of new Set([...hosts, ...likelyHosts(received)])) {
    const remedy = acceptedHosts.includes(host)
      ? 'it is accepted, but there the path means another bucket'
      : 'name it in ALLOWED_HOSTS, or let the proxy keep it'
    const hint = `The host signed is "${host}", the host received "${received}": ${remedy}.`
    yield { parts: withHeader(parts, 'host', host), hint }
  }
  yield {
    parts: { ...parts, path: awsEncode(parts.path, { keepSlash: true }) },
    hint: 'The path was encoded twice before it was signed.',
  }
  yield {
    parts: { ...parts, path: parts.path.replace(/\/+/g, '/') },
    hint: 'The path was normalised before it was signed.',
  }
  yield {
    parts: { ...parts, path: parts.path.replaceAll('%20', '%2B') },
    hint: 'The path was signed with a plus and received with a space, which a raw "+" is: send "%2B" for a plus.',
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    yield { parts: { ...parts, method }, hint: `The signature is for ${method}, the request is ${parts.method}.` }
  }
  for (const [name, value] of parts.headers) {
    for (const other of likelyValues[name] ?? []) {
      const hint = `The header ${name} was signed as "${other}" and received as "${value}": a proxy has changed it.`
      yield { parts: withHeader(parts, name, other), hint }
    }
  }
}

/** Headers that proxies and libraries change after signing. */
const likelyValues: Readonly<Record<string, readonly string[]>> = {
  'accept-encoding': [
    '',
    'identity',
    'gzip',
    'gzip, deflate',
    'gzip, deflate, br',
    'gzip,deflate',
    'br, gzip, deflate',
    '*',
  ],
  accept: ['', '*/*'],
  connection: ['', 'keep-alive', 'Keep-Alive', 'close'],
  'cache-control': ['', 'no-cache'],
  'content-type': [
    '',
    'application/octet-stream',
    'binary/octet-stream',
    'application/xml',
    'application/x-www-form-urlencoded',
  ],
  'content-length': ['', '0'],
  expect: ['', '100-continue'],
  te: [''],
  'x-forwarded-for': [''],
  'x-forwarded-proto': ['', 'http', 'https'],
}

function likelyHosts(received: string): string[] {
  const { 1: name = received, 2: port } = /^(.*?)(?::(\d+))?$/.exec(received) ?? []
  const ports = [...new Set([port, '80', '443', '5000', '9000', undefined])]
  const names = [name, 'localhost', '127.0.0.1', '0.0.0.0', '[::1]', 'host.docker.internal', 'minio', 'myfsio']
  return names.flatMap((one) => ports.map((each) => (each === undefined ? one : `${one}:${each}`)))
}

function matches({ stringToSign, signature }: Mismatch, canonicalRequest: string, secret: string): boolean {
  const [algorithm = '', timestamp = '', scope = ''] = stringToSign.split('\n')
  const [date = '', region = '', service = ''] = scope.split('/')
  const text = `${algorithm}\n${timestamp}\n${scope}\n${hash('sha256', canonicalRequest, 'hex')}`
  return isSame(signingKey(secret, date, region, service).sign(text), signature)
}

function parse(canonicalRequest: string): Parts {
  const [method = '', path = '', query = '', ...lines] = canonicalRequest.split('\n')
  const blank = lines.indexOf('')
  const headers = lines.slice(0, blank).map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1)]
  })
  return { method, path, query, headers, rest: lines.slice(blank).join('\n') }
}

function format({ method, path, query, headers, rest }: Parts): string {
  return `${method}\n${path}\n${query}\n${headers.map(([name, value]) => `${name}:${value}\n`).join('')}${rest}`
}

const headerOf = ({ headers }: Parts, name: string): string => headers.find(([one]) => one === name)?.[1] ?? ''

const withHeader = (parts: Parts, name: string, value: string): Parts => ({
  ...parts,
  headers: parts.headers.map((header) => (header[0] === name ? [name, value] : header)),
})
