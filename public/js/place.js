// Remembers how far a list was read, for when the user comes back: browsers must not cache pages of the console.
const name = () => `myfsio-place ${location.pathname}${location.search}`

const linkAt = '[data-row] [data-row-link]'

/**
 * Stores the number of loaded pages and the position of a row: heights of rows outside of the window are only
 * estimates.
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
    // Without storage lists start at their top.
  }
}

/** Undefined if the user did not come back. @returns {{ pages: number, href: string, topPx: number } | undefined} */
export function placeBefore() {
  const [{ type } = {}] = performance.getEntriesByType('navigation')
  if (type !== 'back_forward' && type !== 'reload') return undefined
  try {
    const place = JSON.parse(sessionStorage.getItem(name()) ?? 'null') ?? undefined
    // The browser would scroll before the rows are loaded.
    if (place !== undefined) history.scrollRestoration = 'manual'
    return place
  } catch {
    return undefined
  }
}

const framesMax = 30

/** Scrolls until the row is at its place: rows that become visible may have another height than estimated. */
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
