// Functions that run in the page. Each must be complete in itself: nothing else of this file is in the page.

/** The time of a player after a seek. */
export async function seek([name, seconds]) {
  const media = document.querySelector(name)
  const sought = new Promise((resolve) => media.addEventListener('seeked', resolve, { once: true }))
  media.currentTime = seconds
  await sought
  return media.currentTime
}

/** Whether something has been drawn on the first page of a PDF. */
export function hasInk() {
  const canvas = document.querySelector('.preview-pdf canvas')
  if (!canvas?.width) return false
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return data.some((value, at) => at % 4 === 0 && value < 100 && data[at + 3] === 255)
}

/** A second of a square that changes its colour, as base64 of a WebM. */
export async function recordVideo() {
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width: 64, height: 48 })
  const pen = canvas.getContext('2d')
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' })
  const pieces = []
  recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data))
  const ended = new Promise((resolve) => recorder.addEventListener('stop', resolve))
  recorder.start()
  for (let at = 0; at < 20; at++) {
    pen.fillStyle = at % 2 === 0 ? 'teal' : 'gold'
    pen.fillRect(0, 0, 64, 48)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  recorder.stop()
  await ended
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** How far the page's parts have jumped since it was opened. https://web.dev/articles/cls */
export function layoutShift() {
  return new Promise((resolve) => {
    let sum = 0
    const observer = new PerformanceObserver((list) => {
      for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) sum += value
    })
    observer.observe({ type: 'layout-shift', buffered: true })
    setTimeout(() => resolve(sum), 300)
  })
}

/** The answer as a script of the page gets it: status, the headers that it may read, and the text. */
export async function send({ url, method, headers, body }) {
  try {
    const answer = await fetch(url, { method, headers, body, cache: 'no-store' })
    return { status: answer.status, etag: answer.headers.get('etag'), text: await answer.text() }
  } catch (error) {
    return { error: error.name }
  }
}

/** The same for a form with a file. */
export async function sendForm({ url, fields, text }) {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([text]), 'file.txt')
  try {
    const answer = await fetch(url, { method: 'POST', body: form })
    return { status: answer.status, etag: answer.headers.get('etag'), text: await answer.text() }
  } catch (error) {
    return { error: error.name }
  }
}
