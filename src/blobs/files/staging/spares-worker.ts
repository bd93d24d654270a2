/**
 * What the thread of the spares runs, as source text, like that of a digest lane. It takes {files: [path, spare path][], countMax,
 * bytesMax}, and answers with the size of each file that is a spare now, under its new name; -1 of the others, which are removed
 * if they can be. Files that are given no spare path are only removed.
 *
 * A write lease (fcntl(2)) is given only if nobody else has the file open. That its holder is told by SIGIO when somebody opens the file
 * meanwhile would end the process; SIGURG does nothing.
 */
export const sparesWorkerSource = `'use strict'
const fs = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')

const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = fs.constants
const setLease = 1024, forWriting = 1
const setSignal = 10, sigurg = 23

const library = require(workerData.koffi).load(null)
const fcntl = library.func('int fcntl(int, int, int)')
const flistxattr = library.func('long flistxattr(int, char *, size_t)')

/** Attributes of a file that this process makes. */
let own

function findOwn(path) {
  const fd = fs.openSync(path, 'wx', 0o644)
  own = fs.fstatSync(fd)
  fs.closeSync(fd)
  fs.unlinkSync(path)
}

const isLikeOwn = (fd, { mode, uid, gid, nlink }) =>
  nlink === 1 && mode === own.mode && uid === own.uid && gid === own.gid && flistxattr(fd, null, 0) === 0

const isOpenElsewhere = (fd) => fcntl(fd, setSignal, sigurg) !== 0 || fcntl(fd, setLease, forWriting) !== 0

/** -1 if it cannot be one. */
function makeSpare(path, spare, bytesMax) {
  if (own === undefined) findOwn(spare)
  const fd = fs.openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
  try {
    const stats = fs.fstatSync(fd)
    if (!stats.isFile() || stats.size > Math.min(bytesMax, workerData.sizeMax) || !isLikeOwn(fd, stats) || isOpenElsewhere(fd)) return -1
    fs.futimesSync(fd, 0, 0)
    fs.renameSync(path, spare)
    return stats.size
  } finally {
    fs.closeSync(fd)
  }
}

parentPort.on('message', ({ files, countMax, bytesMax }) => {
  const sizes = files.map(([path, spare]) => {
    let size = -1
    try {
      if (spare !== undefined && countMax > 0) size = makeSpare(path, spare, bytesMax)
    } catch {}
    if (size === -1) {
      try {
        fs.unlinkSync(path)
      } catch {}
    } else {
      countMax--
      bytesMax -= size
    }
    return size
  })
  parentPort.postMessage(sizes)
})
`
