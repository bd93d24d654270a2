/** A proxy before an S3 store that simulates failures of stores and networks. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Fault {
  /** Absent: of every request. */
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** The number of failing requests; if absent, until it is taken back. */
  readonly times?: number
  /**
   * `stall`: no answer, and nothing is read. `reset`: the connection ends. A number: this status. `cut`: the answer's
   * body ends in the middle. `hang`: it stops in the middle. `garble`: one of its bytes is changed. `lose`: the request
   * is done, and its answer is not sent.
   */
  readonly what: 'stall' | 'reset' | 'cut' | 'hang' | 'garble' | 'lose' | number
}

export interface FaultyProxy {
  readonly url: string
  /** Requests that have come since the start. */
  readonly seen: { readonly method: string; readonly path: string; readonly range: string | undefined }[]
  /** Requests without a complete answer. */
  readonly inFlight: number
  fail(fault: Fault | undefined): void
  close(): Promise<void>
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  let fault: Fault | undefined
  let timesLeft = 0
  const seen: FaultyProxy['seen'] = []
  const take = (method: string | undefined): Fault['what'] | undefined => {
    if (fault === undefined || timesLeft <= 0 || (fault.method !== undefined && fault.method !== method))
      return undefined
    timesLeft--
    return fault.what
  }
  let inFlight = 0
  const server = createServer((incoming, outgoing) => {
    inFlight++
    outgoing.once('close', () => inFlight--)
    const { method = '', url: path = '', headers } = incoming
    seen.push({ method, path, range: headers.range })
    const what = take(method)
    if (what === 'stall') return
    if (what === 'reset') incoming.socket.resetAndDestroy()
    else if (typeof what === 'number') refuse(what, incoming, outgoing)
    else forward(target, incoming, outgoing, what)
  })
  // The answer to Expect comes from the store.
  server.on('checkContinue', (incoming, outgoing) => {
    outgoing.writeContinue()
    server.emit('request', incoming, outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    get inFlight() {
      return inFlight
    },
    fail(next) {
      fault = next
      timesLeft = next?.times ?? Number.POSITIVE_INFINITY
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function refuse(status: number, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const code = status === 403 ? 'AccessDenied' : status === 404 ? 'NoSuchKey' : 'InternalError'
  incoming.resume()
  outgoing.writeHead(status, { 'content-type': 'application/xml', connection: 'close' })
  outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>of the proxy</Message></Error>`)
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  what: Exclude<Fault['what'], number> | undefined,
): void {
  const { method, url, headers } = incoming
  const { expect: _, ...passed } = headers
  const onward = request(new URL(url ?? '/', target), { method, headers: passed, agent: false }, (answer) => {
    if (what === 'lose') {
      answer.resume()
      answer.once('end', () => incoming.socket.resetAndDestroy())
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    if (what === undefined) answer.pipe(outgoing)
    else spoil(answer, outgoing, what)
  })
  onward.on('error', () => outgoing.destroy())
  incoming.on('error', () => onward.destroy())
  outgoing.on('close', () => onward.destroy())
  incoming.pipe(onward)
}

/** The first half of the body passes. */
function spoil(answer: IncomingMessage, outgoing: ServerResponse, what: Exclude<Fault['what'], number>): void {
  const sizeBytes = Number(answer.headers['content-length'] ?? 0)
  let passedBytes = 0
  answer.on('data', (chunk: Buffer) => {
    const isHalf = passedBytes + chunk.length > sizeBytes / 2
    passedBytes += chunk.length
    if (!isHalf) outgoing.write(chunk)
    else if (what === 'garble') {
      const garbled = Buffer.from(chunk)
      garbled[0] = (garbled[0] ?? 0) ^ 1
      outgoing.write(garbled)
    } else {
      answer.pause()
      if (what === 'cut') outgoing.destroy()
    }
  })
  answer.on('end', () => outgoing.end())
}
