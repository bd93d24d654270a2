// How far a list was read, for when one comes back to it: the server is asked again, as the browser may keep no page of the console.
const name = () => `myfsio-place ${location.pathname}${location.search}`

const linkAt = '[data-row] [data-row-link]'

/**
 * The number of pages that were loaded, and which row was where: heights of rows out of sight are only guessed.
 * @param {HTMLElement} rows
 */
export function keepPlace(rows) {
  const pages = rows.querySelectorAll('[data-rows-page]').length
  const link = [...rows.querySelectorAll(linkAt)].find((one) => one.getBoundingClientRect().top >= 0)
  try {
    if (scrollY === 0 || link === undefined) return sessionStorage.removeItem(name())
    const place = { pages, href: link.getAttribute('href'), topPx: link.getBoundingClientRect().top }
    sessionStorage.setItem(name(), JSON.stringify(place))
  } catch {
    // Without storage lists begin at their top.
  }
}

/** Undefined for those who did not come back. @returns {{ pages: number, href: string, topPx: number } | undefined} */
export function placeBefore() {
  const [{ type } = {}] = performance.getEntriesByType('navigation')
  if (type !== 'back_forward' && type !== 'reload') return undefined
  try {
    const place = JSON.parse(sessionStorage.getItem(name()) ?? 'null') ?? undefined
    // The browser would scroll to where there is nothing yet.
    if (place !== undefined) history.scrollRestoration = 'manual'
    return place
  } catch {
    return undefined
  }
}

const framesMax = 30

/** Scrolls until the row is where it was: what comes into sight on the way may have another height than was guessed. */
export async function scrollToPlace(rows, { href, topPx }) {
  const link = [...rows.querySelectorAll(linkAt)].find((one) => one.getAttribute('href') === href)
  if (link === undefined) return
  let calm = 0
  for (let frame = 0; frame < framesMax && calm < 3; frame++) {
    const awayPx = link.getBoundingClientRect().top - topPx
    calm = Math.abs(awayPx) < 1 ? calm + 1 : 0
    scrollBy({ top: awayPx, behavior: 'instant' })
    await new Promise((resolve) => requestAnimationFrame(resolve))
  }
}
