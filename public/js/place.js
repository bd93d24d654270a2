// How far a list was read, for when one comes back to it: the server is asked again, as the browser may keep no page of the console.
const name = () => `myfsio-place ${location.pathname}${location.search}`

/** @param {number} pages that were loaded */
export function keepPlace(pages) {
  try {
    if (scrollY > 0) sessionStorage.setItem(name(), JSON.stringify({ pages, topPx: scrollY }))
    else sessionStorage.removeItem(name())
  } catch {
    // Without storage lists begin at their top.
  }
}

/** Undefined for those who did not come back. @returns {{ pages: number, topPx: number } | undefined} */
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
