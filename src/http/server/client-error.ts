/** Answers input that is not a valid HTTP request. There is no request object yet, so the answer is written by hand. */
import { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError, type ErrorCode } from '#model/errors.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'RequestHeaderSectionTooLarge',
  ERR_HTTP_REQUEST_TIMEOUT: 'RequestTimeout',
}

export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  const answer = answerInProgress(socket)
  const isGone = error.code === 'ECONNRESET' || !socket.writable
  if (!isGone && answer?.req.complete === true) {
    // The invalid bytes follow a complete request. That request is still answered, and nothing after it.
    answer.shouldKeepAlive = false
    return
  }
  // If an answer has begun, a second one would be read as part of its body.
  if (isGone || answer?.headersSent === true) {
    socket.destroy()
    return
  }
  const { code, status, message } = new ApiError(codes[error.code ?? ''] ?? 'BadRequest')
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  const head = [
    `HTTP/1.1 ${status} Bad Request`,
    'Server: MyFSIO',
    'Content-Type: application/xml',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** The response that a connection waits for, from an internal field of Node. */
function answerInProgress(socket: Duplex): ServerResponse | undefined {
  const answer: unknown = Reflect.get(socket, '_httpMessage')
  return answer instanceof ServerResponse ? answer : undefined
}
