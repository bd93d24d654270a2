import type { ServerResponse } from 'node:http'
import { ApiError } from '#model/errors.ts'

/** nginx's number for a client that went away before it was answered. */
const clientClosedRequest = 499

/** For logs: what the client was told, or would have been told if it had waited. */
export function answeredStatus(response: ServerResponse, failure: unknown): number {
  if (response.headersSent || !response.destroyed) return response.statusCode
  return failure instanceof ApiError ? failure.status : clientClosedRequest
}
