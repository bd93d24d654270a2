// Sends bytes and reports the progress, which fetch cannot.
import { csrf, mayTryAgain, RequestError } from './request.js'
import { renewToken, signInAgain } from './session.js'

/**
 * Sends them again after a new sign-in.
 * @param {string} url
 * @param {Blob} bytes
 * @param {AbortSignal} signal
 * @param {(sentBytes: number) => void} onProgress
 * @returns {Promise<any>} RequestError, with status 0 if the connection broke.
 */
export async function sendBytes(url, bytes, signal, onProgress) {
  try {
    return await sendOnce(url, bytes, signal, onProgress)
  } catch (error) {
    if (signal.aborted || !(await mayPass(error))) throw error
    return sendOnce(url, bytes, signal, onProgress)
  }
}

async function mayPass({ status, headers }) {
  if (status !== 0) return mayTryAgain(status, headers, { method: 'PUT' })
  // A server that refuses a large body may close the connection before its answer is read.
  return (await renewToken()) === 'signed-out' && signInAgain()
}

function sendOnce(url, bytes, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', url)
    request.setRequestHeader('accept', 'application/json')
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.setRequestHeader('x-csrf-token', csrf())
    request.responseType = 'json'
    request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded))
    request.addEventListener('load', () => {
      const { status, response } = request
      if (status >= 200 && status < 300) resolve(response)
      else {
        const error = new RequestError(response?.message ?? `The server answered ${status}.`, status, response?.error)
        reject(Object.assign(error, { headers: { get: (name) => request.getResponseHeader(name) } }))
      }
    })
    request.addEventListener('error', () => reject(new RequestError('The connection broke.', 0, 'Unreachable')))
    request.addEventListener('abort', () => reject(new RequestError('Stopped.', -1, 'Aborted')))
    signal.addEventListener('abort', () => request.abort())
    if (signal.aborted) reject(new RequestError('Stopped.', -1, 'Aborted'))
    else request.send(bytes)
  })
}
