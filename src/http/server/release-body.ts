/**
 * Discards a body that was not read, after the answer. Closing at once would reset the connection, and the client might
 * never see the answer. Reading without a limit would let the client keep the server busy. So a bounded amount is read
 * for a bounded time.
 */
import type { IncomingMessage } from 'node:http'

const maxBytes = 16 * 1024 * 1024
const maxMs = 5_000

export function releaseBody(request: IncomingMessage): void {
  if (request.complete && request.readableLength === 0) return
  if (request.readableEnded || request.destroyed) return
  let left = maxBytes
  const timer = setTimeout(() => request.socket.destroy(), maxMs).unref()
  const stop = () => clearTimeout(timer)
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.socket.destroy()
  })
  request.once('end', stop).once('close', stop)
  request.on('error', stop)
  request.resume()
}
