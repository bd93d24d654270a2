/**
 * The thread of the spares. The system grants a write lease (fcntl(2)) only if no other process has the file open. When
 * another process opens the file later, the holder gets SIGIO, which would end this process. So the signal is set to
 * SIGURG, which is ignored.
 */
import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { libc } from '#lib/system/libc.ts'

export interface SparesMessage {
  /** Each file with its new path as a spare. A file without a new path is removed. */
  readonly files: readonly (readonly [path: string, spare: string | undefined])[]
  readonly countMax: number
  readonly bytesMax: number
}

/** The size of each file that is a spare now; -1 for the others, which are removed if possible. */
export type SparesAnswer = readonly number[]

export interface SparesWorkerData {
  readonly sizeMax: number
}

const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = fs.constants
const { sizeMax } = workerData as SparesWorkerData

/** Attributes of a file that this process creates. */
let own: fs.Stats | undefined

function findOwn(path: string): fs.Stats {
  const fd = fs.openSync(path, 'wx', 0o644)
  const stats = fs.fstatSync(fd)
  fs.closeSync(fd)
  fs.unlinkSync(path)
  return stats
}

/** -1 if the file cannot be a spare. */
function makeSpare(path: string, spare: string, bytesMax: number): number {
  own ??= findOwn(spare)
  const fd = fs.openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stats = fs.fstatSync(fd)
    if (!stats.isFile() || stats.size > Math.min(bytesMax, sizeMax)) return -1
    if (!isLike(own, stats) || libc.hasAttributes(fd) || !libc.takeWriteLease(fd)) return -1
    fs.futimesSync(fd, 0, 0)
    fs.renameSync(path, spare)
    return stats.size
  } finally {
    fs.closeSync(fd)
  }
}

const isLike = (a: fs.Stats, b: fs.Stats): boolean =>
  b.nlink === 1 && b.mode === a.mode && b.uid === a.uid && b.gid === a.gid

function tryToMakeSpare(path: string, spare: string, bytesMax: number): number {
  try {
    return makeSpare(path, spare, bytesMax)
  } catch {
    return -1
  }
}

function tryToUnlink(path: string): void {
  try {
    fs.unlinkSync(path)
  } catch {
    // The file is gone already, or the next start removes it.
  }
}

function receive({ files, countMax, bytesMax }: SparesMessage): void {
  let [countLeft, bytesLeft] = [countMax, bytesMax]
  const sizes: SparesAnswer = files.map(([path, spare]) => {
    const size = spare !== undefined && countLeft > 0 ? tryToMakeSpare(path, spare, bytesLeft) : -1
    if (size === -1) {
      tryToUnlink(path)
    } else {
      countLeft--
      bytesLeft -= size
    }
    return size
  })
  parentPort?.postMessage(sizes)
}

parentPort?.on('message', receive)
