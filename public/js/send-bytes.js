// Sends bytes and tells how many are on their way, which fetch cannot.
import { csrf, RequestError } from './request.js'

/**
 * @param {string} url
 * @param {Blob} bytes
 * @param {AbortSignal} signal
 * @param {(sentBytes: number) => void} onProgress
 * @returns {Promise<any>} RequestError, with status 0 if the connection broke.
 */
export function sendBytes(url, bytes, signal, onProgress) {
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
      else reject(new RequestError(response?.message ?? `The server answered ${status}.`, status, response?.error))
    })
    request.addEventListener('error', () => reject(new RequestError('The connection broke.', 0, 'Unreachable')))
    request.addEventListener('abort', () => reject(new RequestError('Stopped.', -1, 'Aborted')))
    signal.addEventListener('abort', () => request.abort())
    if (signal.aborted) reject(new RequestError('Stopped.', -1, 'Aborted'))
    else request.send(bytes)
  })
}
