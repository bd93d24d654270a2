/**
 * What a lane runs, as source text. A worker started from text needs no file beside it, so it works the same from .ts under tsx,
 * under Vitest, and in one bundled file; a function's text would carry the names a bundler puts into it. Hence plain CommonJS
 * with nothing but Node inside, and the compiled CRC module in `workerData`.
 *
 * Messages in, each answered in order except `drop`: {id, names} opens a stream (no answer) · {id, bytes} hashes → {id, bytes} ·
 * {id, finish} → {id, digests} · {id, drop} forgets it.
 */
export const laneWorkerSource = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const { createHash } = require('node:crypto')
const { crc32 } = require('node:zlib')

const { crcModule, scratchAt, scratchBytes } = workerData
const { memory, ...updates } = new WebAssembly.Instance(crcModule).exports
const state = new Int32Array(memory.buffer, 0, 2)
const scratch = new Uint8Array(memory.buffer, scratchAt, scratchBytes)

function runningCrc32() {
  let crc = 0
  return {
    update(bytes) { crc = crc32(bytes, crc) },
    digest() {
      const digest = Buffer.alloc(4)
      digest.writeUInt32BE(crc)
      return digest
    },
  }
}

function runningWasmCrc(name, sizeBytes) {
  let low = -1
  let high = sizeBytes === 8 ? -1 : 0
  return {
    update(bytes) {
      state[0] = low
      state[1] = high
      for (let at = 0; at < bytes.length; at += scratchBytes) {
        const piece = bytes.subarray(at, at + scratchBytes)
        scratch.set(piece)
        updates[name](scratchAt, piece.length)
      }
      low = state[0]
      high = state[1]
    },
    digest() {
      const digest = Buffer.alloc(8)
      digest.writeInt32BE(~high, 0)
      digest.writeInt32BE(~low, 4)
      return digest.subarray(8 - sizeBytes)
    },
  }
}

function start(name) {
  if (name === 'CRC32') return runningCrc32()
  if (name === 'CRC32C') return runningWasmCrc(name, 4)
  if (name === 'CRC64NVME') return runningWasmCrc(name, 8)
  return createHash(name.toLowerCase())
}

const streams = new Map()

parentPort.on('message', ({ id, names, bytes, finish, drop }) => {
  if (names) {
    streams.set(id, names.map((name) => [name, start(name)]))
  } else if (bytes) {
    for (const [, running] of streams.get(id)) running.update(bytes)
    parentPort.postMessage({ id, bytes }, [bytes.buffer])
  } else if (finish) {
    const digests = streams.get(id).map(([name, running]) => [name, Uint8Array.from(running.digest())])
    streams.delete(id)
    parentPort.postMessage({ id, digests })
  } else if (drop) {
    streams.delete(id)
  }
})
`
