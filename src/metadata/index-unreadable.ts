/** LMDB's errors about a file that is damaged or not LMDB's, as an error with an explanation. */

export class IndexUnreadable extends Error {
  override readonly name = 'IndexUnreadable'
}

/** The names in LMDB's mdb_strerror(), and our own error about its meta pages. */
const signs = /MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID|VERSION_MISMATCH|PANIC|BAD_TXN)|not an LMDB file/

/** `advice`: what the administrator can do, in sentences. */
export function indexFailure(path: string, advice: string, error: unknown): unknown {
  if (!(error instanceof Error) || !signs.test(error.message)) return error
  return new IndexUnreadable(`${path} cannot be read: ${error.message.trim()}. ${advice}`.trim(), { cause: error })
}
