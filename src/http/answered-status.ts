import type { ServerResponse } from 'node:http'
import { ApiError } from '#model/errors.ts'

/** nginx's status for a client that closed the connection before the answer. */
const clientClosedRequest = 499

/** The status for logs: the one that was sent, or would have been sent. */
export function answeredStatus(response: ServerResponse, failure: unknown): number {
  if (response.headersSent || !response.destroyed) return response.statusCode
  return failure instanceof ApiError ? failure.status : clientClosedRequest
}
