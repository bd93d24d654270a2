/**
 * Sends GET and POST requests for small JSON documents to servers that users name. The name is resolved once, the
 * address is checked, and the connection is made to this address. Private addresses are not allowed by default,
 * redirects are never followed, and size and time are bounded.
 */
import { X509Certificate } from 'node:crypto'
import { promises as dns, type LookupAddress } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { isPrivateAddress } from '#lib/net/private-address.ts'

export interface FetchOptions {
  /** Allows loopback and private addresses, and http without TLS. */
  readonly allowPrivate: boolean
  /** The request contains secrets: without TLS only private addresses are allowed. */
  readonly isSecret?: boolean
  /** SHA-1 of certificates, hex, that are trusted without an authority. */
  readonly thumbprints?: readonly string[]
}

/** The longest time without a byte, and for the whole request. */
const timeoutMs = 5000
const deadlineMs = 10_000
const bytesMax = 256 * 1024

export interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Throws a plain Error with the reason. */
export async function fetchJson(address: string, options: FetchOptions): Promise<unknown> {
  const response = await open(address, options)
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`it answered ${response.statusCode}`)
  }
  return JSON.parse(await readText(response))
}

/**
 * The answer of a service, and its status. Throws a plain Error with the reason if there is no answer, or it is not
 * JSON.
 */
export async function postJson(
  address: string,
  post: Post,
  options: FetchOptions,
): Promise<{ status: number; json: unknown }> {
  const response = await open(address, options, post)
  const text = await readText(response)
  const status = response.statusCode ?? 0
  try {
    return { status, json: JSON.parse(text) as unknown }
  } catch {
    throw new Error(`it answered ${status} without JSON`)
  }
}

async function open(address: string, options: FetchOptions, post?: Post): Promise<IncomingMessage> {
  const url = new URL(address)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && options.allowPrivate)) {
    throw new Error(`${url.protocol} is not allowed`)
  }
  return request(url, await resolve(url, options), options, post)
}

async function resolve(url: URL, { allowPrivate, isSecret }: FetchOptions): Promise<LookupAddress> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  const addresses = family === 0 ? await dns.lookup(host, { all: true }) : [{ address: host, family }]
  // A name with a private address among public ones is meant for an attack on the private one.
  if (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address))) {
    throw new Error('its address is private')
  }
  if (isSecret && url.protocol === 'http:' && !addresses.every(({ address }) => isPrivateAddress(address))) {
    throw new Error('its address is public, and it has no TLS')
  }
  const [first] = addresses
  if (first === undefined) throw new Error('it has no address')
  return first
}

function request(url: URL, pinned: LookupAddress, options: FetchOptions, post?: Post): Promise<IncomingMessage> {
  const lookup: LookupFunction = (_host, { all }, callback) =>
    all === true ? callback(null, [pinned]) : callback(null, pinned.address, pinned.family)
  const signal = AbortSignal.timeout(deadlineMs)
  const { headers = { accept: 'application/json' }, body } = post ?? {}
  const method = post === undefined ? 'GET' : 'POST'
  const settings = { lookup, signal, timeout: timeoutMs, agent: false, method, headers }
  const thumbprints = options.thumbprints ?? []
  return new Promise((settle, reject) => {
    const isPlain = url.protocol === 'http:'
    const outgoing = isPlain
      ? http.request(url, settings)
      : https.request(url, { ...settings, rejectUnauthorized: thumbprints.length === 0 })
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error('it did not answer in time')))
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      if (isPlain || isTrusted(response.socket as TLSSocket, url.hostname, thumbprints)) settle(response)
      else outgoing.destroy(new Error('its certificate is not trusted'))
    })
    outgoing.end(body)
  })
}

function isTrusted(socket: TLSSocket, host: string, thumbprints: readonly string[]): boolean {
  if (socket.authorized) return true
  const trusted = new Set(thumbprints.map((one) => one.toLowerCase()))
  const leaf = socket.getPeerCertificate(true)
  if (checkServerIdentity(host, leaf) !== undefined) return false
  const seen = new Set<string>()
  for (let at: DetailedPeerCertificate | undefined = leaf; at?.raw !== undefined; at = at.issuerCertificate) {
    const { fingerprint } = new X509Certificate(at.raw)
    if (trusted.has(fingerprint.replaceAll(':', '').toLowerCase())) return true
    // The root of a chain is its own issuer.
    if (seen.has(fingerprint)) return false
    seen.add(fingerprint)
  }
  return false
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bytesMax) throw new Error('it answered with too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
