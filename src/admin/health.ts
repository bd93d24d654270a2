/** Health checks for load balancers, also at the paths that MinIO's deployments use. */
import type { IncomingMessage, ServerResponse } from 'node:http'

const probes: ReadonlySet<string> = new Set(
  ['live', 'ready', 'cluster', 'cluster/read'].map((name) => `/minio/health/${name}`),
)

/** Answers GET and HEAD of /healthz and of MinIO's paths; passes all other requests on. */
export function createHealthRoutes(version: string) {
  const status = JSON.stringify({ status: 'ok', version })

  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const [path = ''] = (request.url ?? '').split('?', 1)
    const isProbe = probes.has(path)
    if (!isRead || !(isProbe || path === '/healthz')) {
      next()
      return
    }
    const body = isProbe ? '' : status
    response.writeHead(200, {
      'cache-control': 'no-store',
      'content-length': Buffer.byteLength(body),
      ...(isProbe ? {} : { 'content-type': 'application/json' }),
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}
