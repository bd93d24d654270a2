// The queue of uploads: some files at a time, and some parts of a large file. Failed requests are tried again.

import { at } from './base.js'
import { RequestError, requestJson } from './request.js'
import { sendBytes } from './send-bytes.js'
import { forgetUpload, rememberedUpload, rememberUpload } from './upload-memory.js'

const MiB = 1024 * 1024
const filesAtOnce = 3
const partsAtOnce = 4
const partsMax = 9000
const smallestPart = 8 * MiB
const attemptsMax = 6

/** @typedef {'waiting' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled'} State */

export class Transfer extends EventTarget {
  /** @type {State} */
  state = 'waiting'
  problem = ''
  /** Bytes on the server, and bytes being sent for each part. */
  doneBytes = 0
  partBytes = new Map()
  controller = new AbortController()

  /**
   * @param {File} file
   * @param {string} key
   * @param {boolean} isReplacing
   */
  constructor(file, key, isReplacing) {
    super()
    this.file = file
    this.key = key
    this.isReplacing = isReplacing
  }

  get sentBytes() {
    return [...this.partBytes.values()].reduce((sum, bytes) => sum + bytes, this.doneBytes)
  }

  /** @param {State} state */
  become(state, problem = '') {
    this.state = state
    this.problem = problem
    this.dispatchEvent(new Event('change'))
  }
}

export class UploadQueue extends EventTarget {
  /** @type {Transfer[]} */
  transfers = []
  isPaused = false

  /** @param {{ bucket: string, partBytesMax: number }} options */
  constructor({ bucket, partBytesMax }) {
    super()
    this.bucket = bucket
    this.partBytesMax = partBytesMax
  }

  get isBusy() {
    return this.transfers.some(({ state }) => state === 'running' || state === 'waiting')
  }

  get doneCount() {
    return this.transfers.filter(({ state }) => state === 'done').length
  }

  /** @param {{ file: File, key: string }[]} files */
  add(files, isReplacing) {
    for (const { file, key } of files) {
      const transfer = new Transfer(file, key, isReplacing)
      this.transfers.push(transfer)
      this.dispatchEvent(new CustomEvent('added', { detail: transfer }))
    }
    this.#fill()
  }

  pause(transfer) {
    if (transfer.state !== 'running' && transfer.state !== 'waiting') return
    transfer.controller.abort()
    transfer.become('paused')
    this.#fill()
  }

  resume(transfer) {
    if (transfer.state !== 'paused' && transfer.state !== 'failed') return
    transfer.controller = new AbortController()
    transfer.become('waiting')
    this.#fill()
  }

  async cancel(transfer) {
    transfer.controller.abort()
    if (transfer.state === 'done') return
    transfer.become('cancelled')
    this.#fill()
    const known = rememberedUpload(this.bucket, transfer)
    if (known === undefined) return
    forgetUpload(this.bucket, transfer)
    await requestJson(this.#url(`uploads/${known.uploadId}`, transfer), { method: 'DELETE' }).catch(() => {})
  }

  #url(page, { key }) {
    return at(`/ui/buckets/${this.bucket}/${page}?key=${encodeURIComponent(key)}`)
  }

  #fill() {
    const running = this.transfers.filter(({ state }) => state === 'running').length
    const waiting = this.transfers.filter(({ state }) => state === 'waiting')
    for (const transfer of waiting.slice(0, Math.max(0, filesAtOnce - running))) this.#run(transfer)
    if (!this.isBusy) this.dispatchEvent(new Event('idle'))
  }

  async #run(transfer) {
    const { controller } = transfer
    transfer.become('running')
    try {
      if (transfer.file.size <= Math.min(2 * smallestPart, this.partBytesMax)) await this.#sendWhole(transfer)
      else await this.#sendParts(transfer)
      transfer.doneBytes = transfer.file.size
      transfer.partBytes.clear()
      transfer.become('done')
    } catch (error) {
      transfer.partBytes.clear()
      // If it was paused or cancelled meanwhile, its state is already set.
      if (!controller.signal.aborted) transfer.become('failed', error.message)
    }
    this.#fill()
  }

  async #sendWhole(transfer) {
    const url = this.#url('upload', transfer) + replaceMark(transfer)
    await this.#persist(transfer, () => this.#send(transfer, url, transfer.file, 0))
  }

  async #sendParts(transfer) {
    const { uploadId, partBytes, parts } = await this.#openUpload(transfer)
    const count = Math.ceil(transfer.file.size / partBytes)
    const missing = Array.from({ length: count }, (_, at) => at + 1).filter((number) => !parts.has(number))
    transfer.doneBytes = [...parts.values()].reduce((sum, part) => sum + part.sizeBytes, 0)
    const sendNext = async () => {
      for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
        const piece = transfer.file.slice((number - 1) * partBytes, number * partBytes)
        const url = this.#url(`uploads/${uploadId}/parts/${number}`, transfer)
        const { etag } = await this.#persist(transfer, () => this.#send(transfer, url, piece, number))
        parts.set(number, { etag, sizeBytes: piece.size })
        transfer.partBytes.delete(number)
        transfer.doneBytes += piece.size
      }
    }
    await Promise.all(Array.from({ length: partsAtOnce }, sendNext))
    const json = { parts: [...parts].sort(([a], [b]) => a - b).map(([partNumber, { etag }]) => ({ partNumber, etag })) }
    const url = this.#url(`uploads/${uploadId}`, transfer) + replaceMark(transfer)
    await this.#persist(transfer, () => requestJson(url, { method: 'POST', json, signal: transfer.controller.signal }))
    forgetUpload(this.bucket, transfer)
  }

  /** The upload of the same file that was interrupted, or a new one. */
  async #openUpload(transfer) {
    const known = rememberedUpload(this.bucket, transfer)
    if (known !== undefined) {
      const answer = await requestJson(this.#url(`uploads/${known.uploadId}`, transfer)).catch(() => undefined)
      if (answer !== undefined) {
        return { ...known, parts: new Map(answer.parts.map((part) => [part.partNumber, part])) }
      }
      forgetUpload(this.bucket, transfer)
    }
    const wanted = Math.max(smallestPart, Math.ceil(transfer.file.size / partsMax / MiB) * MiB)
    const partBytes = Math.min(wanted, this.partBytesMax)
    const url = this.#url('uploads', transfer)
    const { uploadId } = await this.#persist(transfer, () => requestJson(url, { method: 'POST' }))
    rememberUpload(this.bucket, transfer, { uploadId, partBytes })
    return { uploadId, partBytes, parts: new Map() }
  }

  #send(transfer, url, bytes, number) {
    return sendBytes(url, bytes, transfer.controller.signal, (sent) => {
      transfer.partBytes.set(number, sent)
      transfer.dispatchEvent(new Event('progress'))
    })
  }

  /** Tries again with growing pauses, if the problem may be temporary. */
  async #persist(transfer, action) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action()
      } catch (error) {
        const mayPass = error instanceof RequestError && (error.status === 0 || error.status >= 500)
        if (!mayPass || attempt === attemptsMax || transfer.controller.signal.aborted) throw error
        await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** attempt))
      }
    }
  }
}

const replaceMark = ({ isReplacing }) => (isReplacing ? '' : '&replace=no')
