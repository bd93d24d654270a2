// Requests of scripts to the console: with the page's CSRF token, and errors as sentences.

import { renewToken, signInAgain } from './session.js'

export const csrf = () => document.querySelector('meta[name=csrf]').content

/** An error with an explanation from the server. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string} code
   */
  constructor(message, status, code) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * Sends and receives JSON. RequestError, also if the server cannot be reached (status 0). A change is sent again after
 * a new sign-in, unless `isQuiet`.
 * @param {string} url
 * @param {{ method?: string, json?: unknown, signal?: AbortSignal, isQuiet?: boolean }} [options]
 * @returns {Promise<any>}
 */
export async function requestJson(url, options = {}) {
  const answer = await sendJson(url, options)
  if (answer.ok || !(await mayTryAgain(answer.status, answer.headers, options))) return readJson(answer)
  return readJson(await sendJson(url, options))
}

/** Whether a request that was refused without a session, or without its token, can be sent again. */
export async function mayTryAgain(status, headers, { method = 'GET', isQuiet = false } = {}) {
  if (method === 'GET' || isQuiet) return false
  if (status === 401) return signInAgain()
  if (status !== 403 || headers.get('x-form') !== 'stale') return false
  return (await renewToken()) === 'renewed'
}

async function sendJson(url, { method = 'GET', json, signal }) {
  const headers = { accept: 'application/json' }
  if (method !== 'GET') headers['x-csrf-token'] = csrf()
  if (json !== undefined) headers['content-type'] = 'application/json'
  try {
    const body = json === undefined ? undefined : JSON.stringify(json)
    return await fetch(url, { method, headers, body, signal })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new RequestError('The server cannot be reached.', 0, 'Unreachable')
  }
}

async function readJson(answer) {
  const text = await answer.text()
  const value = text === '' ? {} : JSON.parse(text)
  if (!answer.ok)
    throw new RequestError(value.message ?? `The server answered ${answer.status}.`, answer.status, value.error)
  return value
}

/**
 * A part of a page, as HTML of the server. Tried again with growing pauses if the server is down or busy.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>}
 */
export async function fetchFragment(url, signal) {
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(url, { headers: { accept: 'text/html' }, signal }).catch((error) => {
      if (signal?.aborted || attempt >= 4) throw error
    })
    if (answer?.ok && !answer.redirected) return answer.text()
    if (answer?.redirected) location.reload()
    if (attempt >= 4 || (answer !== undefined && answer.status < 500))
      throw new Error(`The server answered ${answer?.status}`)
    await new Promise((resolve) => setTimeout(resolve, 300 * 2 ** attempt))
  }
}
