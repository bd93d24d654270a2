/** What LMDB says of a file that is none of its own, or that was damaged, as an error that tells what it means. */

export class IndexUnreadable extends Error {
  override readonly name = 'IndexUnreadable'
}

/** As LMDB has them in mdb_strerror(), and ours of its meta pages. */
const signs = /MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID|VERSION_MISMATCH|PANIC|BAD_TXN)|not an LMDB file/

/** `advice`: what to do about it, in sentences. */
export function indexFailure(path: string, advice: string, error: unknown): unknown {
  if (!(error instanceof Error) || !signs.test(error.message)) return error
  return new IndexUnreadable(`${path} cannot be read: ${error.message.trim()}. ${advice}`.trim(), { cause: error })
}
