/**
 * An Express application at the speed of node:http. Express sets the prototype of every request and response, which
 * makes both slow. Here they are created with those prototypes, and setting them again changes nothing.
 */
import http, { IncomingMessage, type Server, ServerResponse } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { hasLegalHost, refuseHost } from '#http/host.ts'
import { answerClientError } from './client-error.ts'
import { Connections, type ConnectionsOptions } from './connections.ts'

export interface HttpServerOptions extends ConnectionsOptions {
  /** PEM texts. */
  readonly tls?: { readonly cert: Buffer | string; readonly key: Buffer | string } | undefined
}

/** Bytes that clients may send before the body. S3 allows 8 KiB of headers; proxies and tokens add theirs. */
const maxHeaderBytes = 32 * 1024
/** Longer than the 60 seconds of load balancers, so that they close first. */
const keepAliveTimeoutMs = 75_000
const headersTimeoutMs = 60_000
/** The longest time without a byte in either direction. A whole upload may take any time. */
const idleTimeoutMs = 300_000

export function createHttpServer(options: HttpServerOptions, install: (app: express.Express) => void): Server {
  const app = express()
  for (const setting of ['x-powered-by', 'etag', 'query parser', 'trust proxy']) app.set(setting, false)
  const settings = {
    ...createMessageClasses(app),
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    headersTimeout: headersTimeoutMs,
    requestTimeout: 0,
    noDelay: true,
    keepAlive: true,
  }
  install(app)
  const { tls } = options
  const server = tls ? https.createServer({ ...settings, ...tls }) : http.createServer(settings)
  const connections = new Connections(server, tls !== undefined, options)
  connectionsOf.set(server, connections)
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (!hasLegalHost(request)) refuseHost(response)
    else if (connections.admit(request, response)) app(request as express.Request, response as express.Response)
    else connections.refuse(request, response)
  }
  server.setTimeout(idleTimeoutMs)
  server.on('clientError', answerClientError)
  server.on('request', answer)
  // The handler calls response.writeContinue() once the headers are accepted; until then the client holds its body.
  server.on('checkContinue', answer)
  // Unknown expectations are ignored, as in S3, instead of answered with 417.
  server.on('checkExpectation', answer)
  return server
}

const connectionsOf = new WeakMap<Server, Connections>()

/** Classes instead of Reflect.construct on functions, which was slower than Express itself. */
function createMessageClasses(app: express.Express) {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(Request.prototype, app.request)
  Object.setPrototypeOf(Response.prototype, app.response)
  Object.assign(app, { request: Request.prototype, response: Response.prototype })
  return { IncomingMessage: Request, ServerResponse: Response }
}

/** Resolves with the port; with port 0 the system chooses one. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      // Accepting failed because no descriptor is free. The client will retry.
      server.on('error', () => {})
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** For a server that gets its connections one by one through the returned function, from another process. */
export function takeConnections(server: Server): (socket: Socket) => void {
  // Node sets up the timeouts of headers and idle connections here.
  server.emit('listening')
  return (socket) => {
    // The options that node:http sets.
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    socket.setKeepAlive(true)
    server.emit('connection', socket)
  }
}

const sweepMs = 50

/**
 * Accepts no more connections, lets requests in progress finish, and closes the rest after `timeoutMs`. Does not wait
 * for a connection that has not sent a complete request head.
 */
export async function closeServer(server: Server, timeoutMs: number): Promise<void> {
  const connections = connectionsOf.get(server)
  const isClosed = server.listening ? new Promise<void>((resolve) => server.close(() => resolve())) : server.close()
  server.closeIdleConnections()
  const cut = setTimeout(() => {
    connections?.closeAll()
    server.closeAllConnections()
  }, timeoutMs)
  while (connections !== undefined && connections.size > 0) {
    // Not before the next turn, since a request may be arriving.
    await sleep(sweepMs)
    connections.closeIdle()
  }
  await isClosed
  clearTimeout(cut)
}
