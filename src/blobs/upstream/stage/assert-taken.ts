import type { Staged } from '#blobs/contract/incoming.ts'
import { asProblem, slowDown } from '#blobs/upstream/client/problem.ts'
import type { Taken } from '#blobs/upstream/client/upstream.ts'
import type { UpstreamContext } from '#blobs/upstream/context.ts'
import { ApiError } from '#model/errors.ts'

/** SlowDown if the upstream tells of other bytes than were sent: they were changed on the way, and the client sends them again. */
export function assertTaken(context: UpstreamContext, { etag, crc64nvme }: Taken, digests: Staged['digests']): void {
  const md5 = context.upstream.hasMd5Etags ? digests.get('MD5')?.toString('hex') : undefined
  const own = digests.get('CRC64NVME')?.toString('base64')
  const isSame = crc64nvme === undefined ? md5 === undefined || etag === md5 : crc64nvme === own
  if (isSame) return
  throw writeProblem(context, new Error('the upstream store has taken other bytes than were sent'))
}

/** Logs it; for the client it may pass. */
export function writeProblem({ troubles }: UpstreamContext, error: unknown): ApiError {
  const problem = asProblem('writing an object', error)
  if (problem instanceof ApiError) return problem
  troubles.tellOfFolder('warn', problem, { bucket: 'upstream', key: '' }, 'the upstream store could not be written to')
  return slowDown(problem)
}
