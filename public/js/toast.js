// Short messages at the edge of this page or of the next one.
import { requestJson } from './request.js'

/**
 * @typedef {{ text: string, href?: string, undo?: { url: string, markers: { key: string, versionId: string }[] } }} Action
 */

const shownMs = { done: 6000, failed: 12_000 }
/** Actions that can be undone are shown for longer. */
const actionMs = 15_000
const stored = 'myfsio-notice'

/**
 * @param {string} text
 * @param {'done' | 'failed'} [kind]
 * @param {Action} [action]
 */
export function toast(text, kind = 'done', action) {
  const template = document.querySelector('[data-toast-template]')
  const one = template.content.cloneNode(true).firstElementChild
  one.classList.add(kind)
  if (kind === 'failed') {
    const use = one.querySelector('use')
    use.setAttribute('href', use.getAttribute('href').replace(/#.*/, '#circle-alert'))
  }
  one.querySelector('.toast-text').textContent = text
  if (action !== undefined) one.querySelector('.toast-text').after(drawAction(action))
  document.querySelector('[data-toasts]').append(one)
  closeByHand(one)
  fade(one, action === undefined ? shownMs[kind] : actionMs)
}

/** A message that the server has put into the page. */
export function takeToast(one) {
  closeByHand(one)
  fade(one, shownMs[one.classList.contains('failed') ? 'failed' : 'done'])
}

function closeByHand(one) {
  const button = one.querySelector('[data-toast-close]')
  button.hidden = false
  button.addEventListener('click', () => one.remove())
}

const presence = ['pointermove', 'pointerdown', 'keydown', 'scroll']

/**
 * Removes the message some time after the visitor first sees the page, but not while the pointer or the focus is on it.
 */
function fade(one, afterMs) {
  let timer
  const stay = () => clearTimeout(timer)
  const go = () => {
    clearTimeout(timer)
    timer = setTimeout(() => one.remove(), afterMs)
  }
  const seen = new AbortController()
  const start = () => {
    seen.abort()
    go()
  }
  for (const name of presence) addEventListener(name, start, { signal: seen.signal, passive: true, capture: true })
  for (const name of ['pointerenter', 'focusin']) one.addEventListener(name, stay)
  for (const name of ['pointerleave', 'focusout']) one.addEventListener(name, go)
}

function drawAction({ text, href, undo }) {
  const element = document.createElement(href === undefined ? 'button' : 'a')
  element.className = 'button quiet toast-action'
  element.textContent = text
  if (href !== undefined) element.href = href
  if (undo !== undefined) {
    element.type = 'button'
    element.addEventListener('click', () => undoDeletion(element, undo))
  }
  return element
}

async function undoDeletion(button, { url, markers }) {
  button.disabled = true
  let failed
  try {
    failed = (await requestJson(url, { method: 'POST', json: { markers } })).failed
  } catch (error) {
    button.disabled = false
    return toast(error.message, 'failed')
  }
  const [first] = failed
  if (first === undefined) toastNext(`${markers.length === 1 ? 'The object is' : 'The objects are'} restored`)
  else toastNext(`Could not restore ${first.key}: ${first.message}`, 'failed')
  location.reload()
}

/**
 * Shown by the page that is opened next.
 * @param {string} text
 * @param {'done' | 'failed'} [kind]
 * @param {Action} [action]
 */
export function toastNext(text, kind, action) {
  try {
    sessionStorage.setItem(stored, JSON.stringify({ text, kind, action }))
  } catch {
    // Without storage there is no message.
  }
}

/** Shows the message that the previous page stored. */
export function showStoredToast() {
  let message
  try {
    message = JSON.parse(sessionStorage.getItem(stored) ?? 'null')
    sessionStorage.removeItem(stored)
  } catch {
    // Without storage nothing was stored.
  }
  if (message) toast(message.text, message.kind, message.action)
}
