// A list that loads while the user scrolls: the next page is fetched before it is visible. Pages far outside of the
// window are kept as text, so that a million rows are as fast as a thousand.

import { keepPlace, placeBefore, scrollToPlace } from './place.js'
import { fetchFragment } from './request.js'
import { localTimes } from './times.js'

const fetchAheadPx = 1200
const keepAroundPx = 4000

/**
 * `rows` contains pages, `[data-rows-page]`, and after them `[data-next]` with the address of the next page.
 * @param {HTMLElement} rows
 * @param {{ prepare?: (part: DocumentFragment) => void, onAdded?: () => void }} [options] before and after a page is
 * added
 */
export function watchList(rows, { prepare, onAdded } = {}) {
  /** The text of each page that was removed. */
  const texts = new Map()

  const nextSeen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) loadNext(entry.target)
    },
    { rootMargin: `${fetchAheadPx}px` },
  )
  const pagesSeen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting, boundingClientRect } of entries) {
        if (isIntersecting) restore(target)
        else putAway(target, boundingClientRect.height)
      }
    },
    { rootMargin: `${keepAroundPx}px` },
  )

  function watch() {
    const next = rows.querySelector('[data-next]')
    if (next) nextSeen.observe(next)
    for (const page of rows.querySelectorAll('[data-rows-page]')) pagesSeen.observe(page)
  }

  /** @type {WeakMap<Element, Promise<void>>} */
  const loading = new WeakMap()

  /** Loads once for each place, for all callers. */
  function loadNext(place) {
    if (!loading.has(place)) loading.set(place, load(place))
    return loading.get(place)
  }

  async function load(place) {
    nextSeen.unobserve(place)
    const text = place.querySelector('a') ?? place
    text.textContent = 'Loading…'
    try {
      const part = parse(rows, await fetchFragment(`${place.dataset.next}&part=rows`))
      localTimes(part)
      prepare?.(part)
      place.replaceWith(part)
      onAdded?.()
      watch()
    } catch {
      loading.delete(place)
      const again = document.createElement('button')
      again.type = 'button'
      again.className = 'button'
      again.textContent = 'Loading failed: try again'
      again.addEventListener('click', () => loadNext(place))
      text.replaceChildren(again)
    }
  }

  /** Not if the page contains a state that is not in its text. */
  function putAway(page, heightPx) {
    if (texts.has(page) || page.contains(document.activeElement) || page.querySelector('input:checked')) return
    texts.set(page, page.innerHTML)
    page.replaceChildren(space(page, heightPx))
  }

  function restore(page) {
    const text = texts.get(page)
    if (text === undefined) return
    texts.delete(page)
    page.replaceChildren(parse(page, text))
  }

  /** Loads as many pages as before, and scrolls the same row to the same height. */
  async function returnTo(before) {
    while (rows.querySelectorAll('[data-rows-page]').length < before.pages) {
      const next = rows.querySelector('[data-next]')
      if (next === null) break
      await loadNext(next)
      if (next.isConnected) break
    }
    for (const page of [...texts.keys()]) restore(page)
    await scrollToPlace(rows, before)
  }

  watch()
  const place = placeBefore()
  if (place !== undefined) returnTo(place)
  addEventListener('pagehide', () => keepPlace(rows))
  return {
    /** Called when the rows have been replaced. */
    restart() {
      texts.clear()
      nextSeen.disconnect()
      pagesSeen.disconnect()
      watch()
    },
    restoreAll() {
      for (const page of [...texts.keys()]) restore(page)
    },
  }
}

function parse(place, html) {
  const range = document.createRange()
  range.selectNodeContents(place)
  return range.createContextualFragment(html)
}

function space(page, heightPx) {
  const isTable = page instanceof HTMLTableSectionElement
  const space = document.createElement(isTable ? 'tr' : 'div')
  const sized = isTable ? space.appendChild(document.createElement('td')) : space
  if (isTable) sized.colSpan = 99
  sized.className = 'put-away'
  sized.style.height = `${heightPx}px`
  return space
}
