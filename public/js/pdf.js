// PDF pages are drawn here instead of by the browser's own viewer, which refuses sandboxed content.
import { GlobalWorkerOptions, getDocument } from '../npm/pdf.mjs'

GlobalWorkerOptions.workerSrc = new URL('../npm/pdf.worker.mjs', import.meta.url).href

const pagesMax = 100

/** @param {HTMLElement} place */
export async function showPdf(place) {
  try {
    const pdf = await getDocument({ url: place.dataset.pdf, isEvalSupported: false, enableXfa: false }).promise
    const first = await pdf.getPage(1)
    const { width, height } = first.getViewport({ scale: 1 })
    const drawn = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue
          drawn.unobserve(target)
          draw(pdf, target)
        }
      },
      { root: place, rootMargin: '600px' },
    )
    for (let number = 1; number <= Math.min(pdf.numPages, pagesMax); number++) {
      const canvas = document.createElement('canvas')
      canvas.dataset.page = String(number)
      canvas.style.aspectRatio = `${width} / ${height}`
      canvas.setAttribute('role', 'img')
      canvas.setAttribute('aria-label', `Page ${number} of ${pdf.numPages}`)
      place.append(canvas)
      drawn.observe(canvas)
    }
    if (pdf.numPages > pagesMax) place.append(note(`The first ${pagesMax} of ${pdf.numPages} pages.`))
  } catch (error) {
    place.replaceChildren(note(`The PDF cannot be shown: ${error.message}`))
  }
}

async function draw(pdf, canvas) {
  const page = await pdf.getPage(Number(canvas.dataset.page))
  const base = page.getViewport({ scale: 1 })
  const scale = (canvas.clientWidth * Math.min(devicePixelRatio, 2)) / base.width
  const viewport = page.getViewport({ scale })
  canvas.width = viewport.width
  canvas.height = viewport.height
  canvas.style.aspectRatio = `${base.width} / ${base.height}`
  await page.render({ canvas, canvasContext: canvas.getContext('2d'), viewport }).promise
}

function note(text) {
  const paragraph = document.createElement('p')
  paragraph.className = 'preview-note'
  paragraph.textContent = text
  return paragraph
}
