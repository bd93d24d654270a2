/** MinIO's APIs below /minio/ that this server does not have. The answer is in the format that the client reads. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ApiError } from '#model/errors.ts'
import type { Store } from '#store/contract.ts'

const unserved = /^\/minio\/(admin|kms|metrics|prometheus|v2\/metrics)(\/|\?|$)/

/** Answers 501. Passes other requests on, and all requests if there is a bucket `minio`. */
export function createMinioAdminRoutes(store: Pick<Store, 'findBucket'>) {
  async function answer(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    if ((await store.findBucket('minio')) !== undefined) return next()
    const { code, status } = new ApiError('NotImplemented')
    const [resource = ''] = (request.url ?? '').split('?', 1)
    const message = `MinIO's own API is not implemented by this server: ${resource}. Use aws iam, aws sts and the console.`
    const json = JSON.stringify({ Code: code, Message: message, Resource: resource })
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) })
    response.end(request.method === 'HEAD' ? undefined : json)
    request.resume()
  }

  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    if (unserved.test(request.url ?? '')) void answer(request, response, next).catch(() => response.destroy())
    else next()
  }
}
