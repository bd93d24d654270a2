/** `GET /_/status`: whether the documents that people edit are in force as they are. For the administrators of the server's own account. */
import type { Inspection } from './inspections.ts'
import type { AdminAnswer } from './routes.ts'

export interface DocumentStatus {
  readonly path: string
  /** Undefined: the document is in force as it is. Otherwise its last good state is. */
  readonly problem: { readonly message: string; readonly path: string; readonly line: number | undefined } | undefined
}

export async function getStatus({ asked, serverOwnerId, documents, refuse }: Inspection): Promise<AdminAnswer> {
  // What stands in the documents is of all accounts.
  if (asked.caller.principal.canonicalId !== serverOwnerId())
    throw refuse('This is for the account of the server itself.')
  const shown = documents().map(({ path, problem }) => ({
    path,
    isInForce: problem === undefined,
    ...(problem && { problem: { message: problem.message, line: problem.line, at: problem.path } }),
  }))
  return { status: 200, json: JSON.stringify({ documents: shown }) }
}
