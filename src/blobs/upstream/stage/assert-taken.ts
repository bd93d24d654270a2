import type { Staged } from '#blobs/contract/incoming.ts'
import { asProblem, slowDown } from '#blobs/upstream/client/problem.ts'
import type { Taken } from '#blobs/upstream/client/upstream.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { ApiError } from '#model/errors.ts'

/** Throws SlowDown if the upstream has stored other bytes than were sent: the client sends them again. */
export function assertTaken(context: UpstreamContext, { etag, crc64nvme }: Taken, digests: Staged['digests']): void {
  const md5 = context.upstream.hasMd5Etags ? digests.get('MD5')?.toString('hex') : undefined
  const own = digests.get('CRC64NVME')?.toString('base64')
  const isSame = crc64nvme === undefined ? md5 === undefined || etag === md5 : crc64nvme === own
  if (isSame) return
  throw writeProblem(context, new Error('the upstream store has stored other bytes than were sent'))
}

/** Logs the error. Returns an error that asks the client for a retry. */
export function writeProblem({ troubles }: UpstreamContext, error: unknown): ApiError {
  const problem = asProblem('writing an object', error)
  if (problem instanceof ApiError) return problem
  troubles.tellOfFolder('warn', problem, { bucket: 'upstream', key: '' }, 'the upstream store could not be written to')
  return slowDown(problem)
}
