/**
 * Calls of Linux that Node does not offer, by way of koffi. The library is loaded when it is first needed: that takes a hundredth of a
 * second.
 */
import fs from 'node:fs'
import { type CLibrary, loadCLibrary } from './koffi.ts'

const atWorkingFolder = -100
const renameExchange = 2
const mmapThreshold = -3
const keepSize = 1
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
/** Whatever changes the name, the bytes or the attributes of what is in a folder. */
const folderChanges = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200
const onlyFolders = 0x1000000
const getLock = 5
const setSignal = 10
const setLease = 1024
const sigurg = 23
const writeLock = 1
const unlocked = 2

export const libc = {
  /**
   * Gives each of two names the file of the other, in one step (renameat2(2) with RENAME_EXCHANGE). Throws an error with the `code` of
   * the system; ENOSYS where there is no such call.
   */
  exchange(path: string, other: string): void {
    if (path.includes('\0') || other.includes('\0')) throw failure('renameat2', 'EINVAL')
    const calls = load()
    if (calls === undefined) throw failure('renameat2', 'ENOSYS')
    if (calls.renameat2(atWorkingFolder, path, atWorkingFolder, other, renameExchange) !== 0)
      throw failure('renameat2', calls.lastError())
  },

  /** A descriptor to read changes from, which never blocks (inotify(7)); undefined where there is none. */
  openInotify(): number | undefined {
    const fd = load()?.inotifyInit(nonBlocking | closeOnExec) ?? -1
    return fd === -1 ? undefined : fd
  },

  /** Returns the watch's descriptor. Throws an error with the `code` of the system. */
  addInotifyWatch(fd: number, folder: string): number {
    const calls = load()
    if (calls === undefined) throw failure('inotify_add_watch', 'ENOSYS')
    const watch = calls.inotifyAddWatch(fd, folder, folderChanges | onlyFolders)
    if (watch === -1) throw failure('inotify_add_watch', calls.lastError())
    return watch
  },

  /** Nothing happens if it has gone with its folder. */
  removeInotifyWatch(fd: number, watch: number): void {
    load()?.inotifyRemoveWatch(fd, watch)
  },

  /**
   * Whether no other process has the file open: it then has a write lease on it (fcntl(2), F_SETLEASE) until it closes the descriptor, and
   * SIGURG, which does nothing, tells when another process opens the file. False where there is no such call.
   */
  takeWriteLease(fd: number): boolean {
    const calls = load()
    return calls !== undefined && calls.fcntl(fd, setSignal, sigurg) === 0 && calls.fcntl(fd, setLease, writeLock) === 0
  },

  /** Whether the open file has extended attributes (flistxattr(2)). True where that cannot be found out. */
  hasAttributes(fd: number): boolean {
    return load()?.flistxattr(fd, null, 0) !== 0
  },

  canSyncVolume: (): boolean => load() !== undefined,

  /** Everything that was written to the volume of this folder before is on disk afterwards (syncfs(2)). */
  async syncVolume(folder: string): Promise<void> {
    const calls = load()
    if (calls === undefined) throw failure('syncfs', 'ENOSYS')
    const fd = fs.openSync(folder, 'r')
    try {
      if ((await calls.syncfs(fd)) !== 0) throw failure('syncfs', 'EIO')
    } finally {
      fs.closeSync(fd)
    }
  },

  /**
   * Has the file system set blocks apart for a stretch of the file, whose size stays (fallocate(2)): to write there takes no more room.
   * Throws an error with the `code` of the system; ENOSYS where there is no such call.
   */
  allocate(fd: number, offset: number, sizeBytes: number): void {
    const calls = load()
    if (calls === undefined) throw failure('fallocate', 'ENOSYS')
    if (calls.fallocate(fd, keepSize, offset, sizeBytes) !== 0) throw failure('fallocate', calls.lastError())
  },

  /** Whether another process has locked this byte of the file (fcntl(2), F_GETLK). False where there is no such call. */
  isByteLocked(fd: number, offset: number): boolean {
    const calls = load()
    if (calls === undefined) return false
    // struct flock: type, whence, four bytes of nothing, start, length, process id.
    const lock = Buffer.alloc(32)
    lock.writeInt16LE(writeLock, 0)
    lock.writeBigInt64LE(BigInt(offset), 8)
    lock.writeBigInt64LE(1n, 16)
    return calls.fcntl(fd, getLock, lock) === 0 && lock.readInt16LE(0) !== unlocked
  },

  /**
   * From now on blocks of memory of up to so many bytes, when they are freed, are kept for the next (mallopt(3), M_MMAP_THRESHOLD).
   * Nothing where there is no such call. Not from the start of a process, whose passing needs would make it larger for good.
   */
  keepFreedBlocks(maxBytes: number): void {
    if (keptBytes === maxBytes) return
    keptBytes = maxBytes
    load()?.mallopt?.(mmapThreshold, maxBytes)
  },
}

interface Calls {
  renameat2(fromFolder: number, from: string, toFolder: number, to: string, flags: number): number
  inotifyInit(flags: number): number
  inotifyAddWatch(fd: number, path: string, mask: number): number
  inotifyRemoveWatch(fd: number, watch: number): number
  fallocate(fd: number, mode: number, offset: number, sizeBytes: number): number
  fcntl(fd: number, command: number, argument: Buffer | number): number
  flistxattr(fd: number, names: null, sizeBytes: number): number
  /** In a thread. */
  syncfs(fd: number): Promise<number>
  /** Of glibc. */
  readonly mallopt: ((parameter: number, value: number) => number) | undefined
  readonly lastError: CLibrary['lastError']
}

/** As the last keepFreedBlocks had it: each call to mallopt(3) goes through all that is free. */
let keptBytes: number | undefined
let loaded: { readonly calls: Calls | undefined } | undefined

function load(): Calls | undefined {
  loaded ??= { calls: find() }
  return loaded.calls
}

function find(): Calls | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const library = loadCLibrary()
    const renameat2 = library.func('int renameat2(int, const char *, int, const char *, unsigned int)')
    const syncfs = library.func('int syncfs(int)')
    return {
      renameat2,
      inotifyInit: library.func('int inotify_init1(int)'),
      inotifyAddWatch: library.func('int inotify_add_watch(int, const char *, uint32_t)'),
      inotifyRemoveWatch: library.func('int inotify_rm_watch(int, int)'),
      fallocate: library.func('int fallocate64(int, int, int64_t, int64_t)'),
      fcntl: fcntlOf(library),
      flistxattr: library.func('long flistxattr(int, char *, size_t)'),
      mallopt: malloptOf(library),
      syncfs: (fd) =>
        new Promise((resolve, reject) => {
          syncfs.async(fd, (error: unknown, result: number) => (error ? reject(error) : resolve(result)))
        }),
      lastError: library.lastError,
    }
  } catch {
    // No program of koffi's for this processor, or a C library without these calls.
    return undefined
  }
}

function fcntlOf(library: CLibrary): Calls['fcntl'] {
  const fcntl = library.func('int fcntl(int, int, ...)')
  return (fd, command, argument) => fcntl(fd, command, typeof argument === 'number' ? 'int' : 'void *', argument)
}

function malloptOf(library: CLibrary): Calls['mallopt'] {
  try {
    return library.func('int mallopt(int, int)')
  } catch {
    return undefined
  }
}

const failure = (call: string, code: string) => Object.assign(new Error(`${call}: ${code}`), { code })
