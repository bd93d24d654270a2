// Shows the queue of uploads: a card with a bar for all files and a line for each.

import { formatBytes } from './format.js'
import { interruptedUploads } from './upload-memory.js'

const linesMax = 200

export class TransferList {
  /** @param {import('./upload-queue.js').UploadQueue} queue */
  constructor(queue) {
    this.queue = queue
    this.card = document.querySelector('[data-transfers]')
    this.list = this.card.querySelector('[data-transfer-list]')
    this.template = document.querySelector('[data-transfer-template]')
    this.speed = 0
    this.sentBefore = 0
    this.atBefore = performance.now()
    queue.addEventListener('added', ({ detail }) => this.#add(detail))
    queue.addEventListener('idle', () => this.#drawTotal())
    const button = (name) => this.card.querySelector(`[data-${name}]`)
    button('pause-all').addEventListener('click', () => this.#toggleAll())
    button('cancel-all').addEventListener('click', () => {
      for (const transfer of queue.transfers) if (transfer.state !== 'done') queue.cancel(transfer)
    })
    button('transfers-close').addEventListener('click', () => {
      queue.transfers = []
      this.list.replaceChildren()
      this.card.hidden = true
    })
    setInterval(() => this.#measure(), 1000)
    this.#tellInterrupted()
  }

  #tellInterrupted() {
    const keys = interruptedUploads(this.queue.bucket)
    if (keys.length === 0) return
    const some = keys.slice(0, 3).join(', ')
    this.card.hidden = false
    this.card.querySelector('[data-transfers-note]').textContent =
      `Interrupted: ${some}${keys.length > 3 ? ` and ${keys.length - 3} more` : ''}. Choose the same files again to resume.`
    this.card.querySelector('[data-transfers-close]').hidden = false
  }

  #add(transfer) {
    this.card.hidden = false
    // In a folder with thousands of files only some have a line; the bar counts all.
    if (this.list.children.length < linesMax) this.#addLine(transfer)
    transfer.addEventListener('change', () => this.#drawTotal())
    this.#drawTotal()
  }

  #addLine(transfer) {
    const line = this.template.content.cloneNode(true).firstElementChild
    const part = (selector) => line.querySelector(selector)
    part('.transfer-name').textContent = transfer.key
    part('.transfer-name').title = transfer.key
    part('progress').setAttribute('aria-label', transfer.key)
    const toggle = part('[data-toggle]')
    const use = toggle.querySelector('use')
    const draw = () => {
      const { state, file, problem } = transfer
      line.dataset.is = state
      part('progress').value = file.size === 0 ? Number(state === 'done') : transfer.sentBytes / file.size
      part('[data-state]').textContent =
        problem ||
        { waiting: 'Waiting', done: formatBytes(file.size), paused: 'Paused', cancelled: 'Cancelled' }[state] ||
        `${formatBytes(transfer.sentBytes)} of ${formatBytes(file.size)}`
      const isStopped = state === 'paused' || state === 'failed'
      toggle.hidden = state === 'done' || state === 'cancelled'
      part('[data-cancel]').hidden = toggle.hidden
      toggle.title = state === 'failed' ? 'Try again' : isStopped ? 'Resume' : 'Pause'
      toggle.setAttribute('aria-label', toggle.title)
      use.setAttribute('href', use.getAttribute('href').replace(/#.*/, isStopped ? '#play' : '#pause'))
    }
    toggle.addEventListener('click', () => {
      if (transfer.state === 'paused' || transfer.state === 'failed') this.queue.resume(transfer)
      else this.queue.pause(transfer)
    })
    part('[data-cancel]').addEventListener('click', () => this.queue.cancel(transfer))
    transfer.addEventListener('change', draw)
    transfer.addEventListener('progress', draw)
    draw()
    this.list.append(line)
  }

  #toggleAll() {
    const { transfers } = this.queue
    if (this.queue.isBusy) for (const transfer of [...transfers].reverse()) this.queue.pause(transfer)
    else for (const transfer of transfers) this.queue.resume(transfer)
  }

  #measure() {
    const sent = this.queue.transfers.reduce((sum, transfer) => sum + transfer.sentBytes, 0)
    const now = performance.now()
    const current = Math.max(0, (sent - this.sentBefore) / ((now - this.atBefore) / 1000))
    this.speed = this.speed === 0 ? current : 0.6 * this.speed + 0.4 * current
    this.sentBefore = sent
    this.atBefore = now
    if (this.queue.isBusy) this.#drawTotal()
  }

  #drawTotal() {
    const transfers = this.queue.transfers.filter(({ state }) => state !== 'cancelled')
    const total = transfers.reduce((sum, { file }) => sum + file.size, 0)
    const sent = transfers.reduce((sum, transfer) => sum + transfer.sentBytes, 0)
    const done = transfers.filter(({ state }) => state === 'done').length
    const failed = transfers.filter(({ state }) => state === 'failed').length
    const { isBusy } = this.queue
    const part = (name) => this.card.querySelector(`[data-${name}]`)
    part('total').value = total === 0 ? Number(!isBusy) : sent / total
    part('transfers-title').textContent = isBusy
      ? `Uploading ${done + 1 > transfers.length ? done : done + 1} of ${transfers.length}`
      : failed > 0
        ? `${done} uploaded, ${failed} failed`
        : `${done} uploaded`
    const left = this.speed > 0 ? ` · ${timeText((total - sent) / this.speed)} left` : ''
    part('transfers-note').textContent = isBusy
      ? `${formatBytes(sent)} of ${formatBytes(total)} · ${formatBytes(this.speed)}/s${left}`
      : `${formatBytes(sent)}`
    part('pause-all').textContent = isBusy ? 'Pause' : 'Resume'
    const isOver = transfers.every(({ state }) => state === 'done')
    part('pause-all').hidden = isOver
    part('cancel-all').hidden = isOver
    part('transfers-close').hidden = isBusy
  }
}

function timeText(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3600)} h`
}
