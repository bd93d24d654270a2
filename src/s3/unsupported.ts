import { ApiError } from '#model/errors.ts'
import type { OperationRow } from './operation.ts'

/** An operation that S3 has and this server does not serve yet: a clear answer, never a fall-through to another row. */
export function unsupported(name: string, route: string): OperationRow {
  return {
    name,
    route,
    action: undefined,
    isUnserved: true,
    run() {
      throw new ApiError('NotImplemented', {
        message: 'A header or query you provided implies functionality that is not implemented.',
        fields: { Operation: name },
      })
    },
  }
}
