/**
 * Calls of Linux that Node does not offer, through koffi. The library is loaded on first use, which takes about 10 ms.
 */
import fs from 'node:fs'
import { type CLibrary, loadCLibrary } from './koffi.ts'

const atWorkingFolder = -100
const renameExchange = 2
const mmapThreshold = -3
const keepSize = 1
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
/** All changes of name, bytes or attributes in a folder. */
const folderChanges = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200
const onlyFolders = 0x1000000
const getLock = 5
const setSignal = 10
const setLease = 1024
const sigurg = 23
const writeLock = 1
const unlocked = 2
const openat2Number = 437
const noSymbolicLinks = 4

/** How a file is opened: `struct open_how`, made once and used for each call. */
export type OpenHow = Buffer

export const libc = {
  /**
   * Exchanges the files of two names atomically (renameat2(2) with RENAME_EXCHANGE). Throws an error with the `code` of
   * the system; ENOSYS if there is no such call.
   */
  exchange(path: string, other: string): void {
    if (path.includes('\0') || other.includes('\0')) throw failure('renameat2', 'EINVAL')
    const calls = load()
    if (calls === undefined) throw failure('renameat2', 'ENOSYS')
    if (calls.renameat2(atWorkingFolder, path, atWorkingFolder, other, renameExchange) !== 0)
      throw failure('renameat2', calls.lastError())
  },

  /** `flags`: those of open(2). */
  openHow(flags: number): OpenHow {
    // Flags, mode and resolve, eight bytes each.
    const how = Buffer.alloc(24)
    how.writeBigUInt64LE(BigInt(flags | closeOnExec), 0)
    how.writeBigUInt64LE(BigInt(noSymbolicLinks), 16)
    return how
  },

  /**
   * Opens a file unless its path goes through a symbolic link anywhere (openat2(2) with RESOLVE_NO_SYMLINKS). Returns
   * the descriptor, or the `code` of the system: an Error would cost more than the call. ENOSYS where there is no such
   * call.
   */
  openWithoutLinks(path: string, how: OpenHow): number | string {
    const calls = load()
    if (calls?.openat2 === undefined || path.includes('\0')) return 'ENOSYS'
    const fd = calls.openat2(path, how)
    return fd < 0 ? calls.lastError() : fd
  },

  /** A non-blocking descriptor to read changes from (inotify(7)); undefined if there is none. */
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

  /** Does nothing if the watch was removed with its folder. */
  removeInotifyWatch(fd: number, watch: number): void {
    load()?.inotifyRemoveWatch(fd, watch)
  },

  /**
   * Whether no other process has the file open: it then has a write lease on it (fcntl(2), F_SETLEASE) until it closes
   * the descriptor, and SIGURG, which does nothing, tells when another process opens the file. False where there is no
   * such call.
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

  /** Afterwards everything written before to the volume of this folder is on disk (syncfs(2)). */
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
   * Reserves blocks for a range of the file, whose size stays (fallocate(2)): writing there takes no more space. Throws
   * an error with the `code` of the system; ENOSYS if there is no such call.
   */
  allocate(fd: number, offset: number, sizeBytes: number): void {
    const calls = load()
    if (calls === undefined) throw failure('fallocate', 'ENOSYS')
    if (calls.fallocate(fd, keepSize, offset, sizeBytes) !== 0) throw failure('fallocate', calls.lastError())
  },

  /** Whether another process has locked this byte of the file (fcntl(2), F_GETLK). False if there is no such call. */
  isByteLocked(fd: number, offset: number): boolean {
    const calls = load()
    if (calls === undefined) return false
    // struct flock: type, whence, four bytes of padding, start, length, process id.
    const lock = Buffer.alloc(32)
    lock.writeInt16LE(writeLock, 0)
    lock.writeBigInt64LE(BigInt(offset), 8)
    lock.writeBigInt64LE(1n, 16)
    return calls.fcntl(fd, getLock, lock) === 0 && lock.readInt16LE(0) !== unlocked
  },

  /**
   * From now on freed blocks of memory up to this size are kept for reuse (mallopt(3), M_MMAP_THRESHOLD). Does nothing
   * if there is no such call. Not called at the start of a process, whose temporary needs would make it larger for
   * good.
   */
  keepFreedBlocks(maxBytes: number): void {
    if (keptBytes === maxBytes) return
    keptBytes = maxBytes
    load()?.mallopt?.(mmapThreshold, maxBytes)
  },
}

interface Calls {
  renameat2(fromFolder: number, from: string, toFolder: number, to: string, flags: number): number
  readonly openat2: ((path: string, how: OpenHow) => number) | undefined
  inotifyInit(flags: number): number
  inotifyAddWatch(fd: number, path: string, mask: number): number
  inotifyRemoveWatch(fd: number, watch: number): number
  fallocate(fd: number, mode: number, offset: number, sizeBytes: number): number
  fcntl(fd: number, command: number, argument: Buffer | number): number
  flistxattr(fd: number, names: null, sizeBytes: number): number
  /** Runs in a thread. */
  syncfs(fd: number): Promise<number>
  /** Only in glibc. */
  readonly mallopt: ((parameter: number, value: number) => number) | undefined
  /** The error of the last failed call that did not run in a thread. */
  readonly lastError: CLibrary['lastError']
}

/** The last value: each call to mallopt(3) walks all free memory. */
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
      openat2: openat2Of(library),
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
    // koffi has no binary for this processor, or the C library lacks these calls.
    return undefined
  }
}

/** C libraries have no function for it. The number and the flags are those of these processors. */
function openat2Of(library: CLibrary): Calls['openat2'] {
  if (process.arch !== 'x64' && process.arch !== 'arm64') return undefined
  const syscall = library.func('long syscall(long, int, const char *, void *, size_t)')
  return (path, how) => syscall(openat2Number, atWorkingFolder, path, how, how.length)
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
