/** HTTP/1.1 by hand: what no client library would send. */
import { connect } from 'node:net'

export type HeaderLines = readonly (readonly [name: string, value: string])[]

export interface WireRequest {
  readonly method: string
  /** Sent as it is. */
  readonly target: string
  readonly headers: HeaderLines
  readonly body?: Buffer
}

export interface Answer {
  readonly status: number
  /** Names in lower case; the last of repeated ones. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** From the error document. */
  readonly code: string
  readonly message: string
}

export function format({ method, target, headers, body }: WireRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n`, 'latin1'),
    body ?? Buffer.alloc(0),
  ])
}

/** Sends these bytes on a connection of their own; `isEnded` closes our side after them. */
export function exchange(port: number, bytes: Buffer | string, isEnded = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes)
      if (isEnded) socket.end()
    })
    socket.setTimeout(20_000, () => socket.destroy(new Error('No answer within 20 s')))
    socket.on('data', (chunk) => chunks.push(chunk))
    // An answer before a reset counts.
    socket.on('error', (error) => (chunks.length === 0 ? reject(error) : undefined))
    socket.once('close', () => resolve(parse(Buffer.concat(chunks))))
  })
}

/** The last answer of a connection, after any 100 Continue. */
function parse(received: Buffer): Answer {
  const text = received.toString('latin1').replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  const end = text.indexOf('\r\n\r\n')
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const one of lines) {
    const colon = one.indexOf(':')
    headers[one.slice(0, colon).toLowerCase()] = one.slice(colon + 1).trim()
  }
  const body = Buffer.from(text.slice(end + 4), 'latin1').toString()
  const element = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1] ?? ''
  return { status: Number(line.split(' ')[1]), headers, body, code: element('Code'), message: element('Message') }
}
