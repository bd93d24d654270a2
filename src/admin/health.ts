/** Whether this process serves, for probes and load balancers; also under the addresses that MinIO's deployments probe. */
import type { IncomingMessage, ServerResponse } from 'node:http'

const probes: ReadonlySet<string> = new Set(['/minio/health/live', '/minio/health/ready'])

/** Answers GET and HEAD of /healthz and MinIO's probes; passes on everything else. */
export function createHealthRoutes(version: string) {
  const status = JSON.stringify({ status: 'ok', version })

  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const isProbe = probes.has(request.url ?? '')
    if (!isRead || !(isProbe || request.url === '/healthz')) {
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
