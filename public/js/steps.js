// Long work on the selection: the server does one step at a time and returns what is left, so that a bar can move and
// the work can be stopped.
import { at, folderHref, objectHref } from './base.js'
import { requestJson } from './request.js'
import { toastNext } from './toast.js'

const count = (number) => number.toLocaleString()
const objects = (number) => `${count(number)} ${number === 1 ? 'object' : 'objects'}`
const failedShown = 50
const failedMax = 1000
/** More cannot be undone at once. */
const markersMax = 1000

/** @param {HTMLFormElement} form */
export async function runSteps(form) {
  if (form.dataset.steps === 'empty') return emptyAndDelete(form)
  const fields = new FormData(form)
  const sources = sourcesIn(fields)
  const only = sources.every((source) => 'key' in source) ? sources.length : undefined
  const job = begin(form)
  let total = { done: 0, failed: [], left: sources, markers: [] }
  try {
    while (total.left.length > 0 && !job.isStopped) {
      const json = askedIn(form.dataset.steps, fields, total.left)
      const {
        done,
        failed,
        left,
        markers = [],
      } = await requestJson(form.getAttribute('action'), { method: 'POST', json })
      total = {
        done: total.done + done,
        failed: [...total.failed, ...failed].slice(0, failedMax),
        left,
        markers: [...total.markers, ...markers].slice(0, markersMax + 1),
      }
      job.tell(total.done, total.failed.length, only)
    }
  } catch (error) {
    return job.fail(`${total.done === 0 ? '' : `${objects(total.done)} done. `}${error.message}`)
  }
  job.end()
  if (total.failed.length > 0) return job.listFailed(total)
  tellResult(form.dataset.steps, fields, total, job.isStopped)
}

/**
 * The work in its dialog: while it runs, Cancel, Escape and a click outside stop it, and leaving the page asks first.
 */
function begin(form) {
  const dialog = form.closest('dialog')
  const progress = form.querySelector('[data-step-progress]')
  const text = form.querySelector('[data-step-text]')
  const bar = progress.querySelector('progress')
  const cancel = form.querySelector('[data-closes]')
  const name = cancel.textContent
  const inputs = form.querySelectorAll('button, input, select')
  const job = { isStopped: false, isRunning: true, tell, fail, end, listFailed }
  progress.hidden = false
  cancel.textContent = 'Stop'
  for (const one of inputs) one.disabled = true
  addEventListener('beforeunload', warn)
  dialog.addEventListener('cancel', stop)
  dialog.addEventListener('close', stop)

  function warn(event) {
    event.preventDefault()
  }
  function stop(event) {
    event.preventDefault()
    job.isStopped = true
    cancel.textContent = 'Stopping…'
  }
  function tell(done, failed, of) {
    if (of !== undefined) {
      bar.max = of
      bar.value = done + failed
    }
    text.textContent = of === undefined ? `${count(done)} done` : `${count(done)} of ${count(of)} done`
  }
  function end() {
    removeEventListener('beforeunload', warn)
    dialog.removeEventListener('cancel', stop)
    dialog.removeEventListener('close', stop)
    job.isRunning = false
    cancel.textContent = name
  }
  /** The work can be started again. */
  function fail(message) {
    end()
    text.textContent = message
    for (const one of inputs) one.disabled = false
    if (!dialog.open) toastNext(message, 'failed')
    if (!dialog.open) location.reload()
  }
  function listFailed({ done, failed }) {
    progress.querySelector('progress').hidden = true
    text.textContent = `${done === 0 ? '' : `${objects(done)} done. `}Failed: ${count(failed.length)}`
    form.querySelector('[data-step-failed]').replaceChildren(
      ...failed.slice(0, failedShown).map(({ key, message }) => {
        const item = document.createElement('li')
        item.textContent = `${key}: ${message}`
        return item
      }),
    )
    cancel.textContent = 'Close'
    cancel.focus()
    dialog.addEventListener('close', () => location.reload(), { once: true })
    if (!dialog.open) location.reload()
  }
  return job
}

/** Shows the result on the page where the user wants to be next: the folder, or the new name. */
function tellResult(kind, fields, { done, markers }, isStopped) {
  const { bucket, back, key, isObjectPage } = placeOf(fields)
  const folder = folderHref(bucket, back)
  if (kind === 'delete') {
    const url = at(`/ui/buckets/${bucket}/undo-delete`)
    const isWhole = markers.length > 0 && markers.length === done && done <= markersMax
    const undo = isWhole ? { text: 'Undo', undo: { url, markers } } : undefined
    toastNext(isStopped ? `Stopped: ${objects(done)} deleted` : `${objects(done)} deleted`, 'done', undo)
    return open(isObjectPage && done > 0 ? folder : location.href)
  }
  const mode = fields.get('mode')
  const asked = askedIn(kind, fields, [])
  const to = targetOf(asked, fields)
  const verb = { copy: 'copied', move: 'moved', rename: 'renamed' }[mode]
  const text = isStopped
    ? `Stopped: ${objects(done)} ${verb}`
    : mode === 'rename'
      ? `Renamed to ${fields.get('target')}`
      : `${objects(done)} ${verb}`
  const isGone = isObjectPage && mode !== 'copy' && done > 0
  toastNext(text, 'done', isGone || isStopped ? undefined : { text: 'Open', href: to })
  open(isGone && key !== null ? to : location.href)
}

/** A page that is already open must be fetched again. */
function open(href) {
  if (new URL(href, location.href).href === location.href) location.reload()
  else location.assign(href)
}

function placeOf(fields) {
  const bucket = document.querySelector('[data-bucket]').dataset.bucket
  const isObjectPage = /\/object$/.test(location.pathname)
  return { bucket, back: fields.get('back') ?? '', key: fields.get('key'), isObjectPage }
}

/** The new place of one object. For several, or for a folder, the folder that they are in. */
function targetOf({ targetBucket, target, base }, fields) {
  const keys = fields.getAll('key')
  if (fields.has('prefix') || keys.length !== 1) return folderHref(targetBucket, target)
  return objectHref(targetBucket, target + keys[0].slice(base.length))
}

/** All versions are deleted first, one step at a time. Then the form is sent to delete the bucket. */
async function emptyAndDelete(form) {
  const body = new URLSearchParams(new FormData(form))
  const text = form.querySelector('[data-step-text]')
  const job = begin(form)
  let done = 0
  const failed = []
  try {
    let from
    while (body.has('empty') && !job.isStopped) {
      const step = await requestJson(form.dataset.empty, { method: 'POST', json: { from } })
      done += step.done
      failed.push(...step.failed)
      text.textContent = `${count(done)} deleted`
      if (step.next === undefined) break
      from = step.next
    }
    if (job.isStopped) {
      job.end()
      toastNext(`Stopped: ${count(done)} deleted, the bucket is still there`)
      return location.reload()
    }
    if (failed.length > 0)
      throw new Error(`${count(failed.length)} could not be deleted. ${failed[0].key}: ${failed[0].message}`)
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body, headers: { 'x-part': 'dialog' } })
    const to = answer.headers.get('x-redirect')
    if (!to) throw new Error('The bucket could not be deleted: objects may have been added meanwhile.')
    job.end()
    location.assign(to)
  } catch (error) {
    job.fail(error.message)
  }
}

const sourcesIn = (fields) => [
  ...fields.getAll('key').map((key) => ({ key })),
  ...fields.getAll('prefix').map((prefix) => ({ prefix })),
]

function askedIn(kind, fields, sources) {
  if (kind === 'delete') return { sources }
  const mode = fields.get('mode')
  const base = fields.get('base')
  const text = fields.get('target')
  const isFolder = fields.has('prefix')
  const parent = base.slice(0, base.replace(/\/$/, '').lastIndexOf('/') + 1)
  const folder = text === '' || text.endsWith('/') ? text : `${text}/`
  return {
    sources,
    base,
    targetBucket: fields.get('targetBucket') ?? placeOf(fields).bucket,
    target: mode === 'rename' ? `${parent}${text}${isFolder ? '/' : ''}` : folder,
    isMove: mode !== 'copy',
    isReplace: fields.has('replace'),
  }
}
