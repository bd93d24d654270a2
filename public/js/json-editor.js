// A text area with line numbers and coloured JSON: the colours are drawn behind it, and the typed text stays plain.

import { tokens } from './json-tokens.js'

/** @param {HTMLElement} place holds a textarea */
export function jsonEditor(place) {
  const area = place.querySelector('textarea')
  const gutter = document.createElement('pre')
  const colours = document.createElement('pre')
  gutter.className = 'editor-gutter'
  colours.className = 'editor-colours'
  for (const one of [gutter, colours]) one.setAttribute('aria-hidden', 'true')
  place.prepend(gutter, colours)
  place.classList.add('is-live')
  let badLine

  function draw() {
    colours.replaceChildren(...tokens(area.value), '\n')
    const count = area.value.split('\n').length
    gutter.replaceChildren(
      ...Array.from({ length: count }, (_, at) => {
        const number = document.createElement('span')
        number.textContent = `${at + 1}\n`
        if (at + 1 === badLine) number.className = 'is-bad'
        return number
      }),
    )
    follow()
  }

  function follow() {
    colours.scrollTop = area.scrollTop
    colours.scrollLeft = area.scrollLeft
    gutter.scrollTop = area.scrollTop
  }

  area.addEventListener('input', draw)
  area.addEventListener('scroll', follow)
  area.addEventListener('keydown', (event) => {
    // Tab indents; Escape and then Tab leaves the text area.
    if (event.key !== 'Tab' || event.shiftKey || area.readOnly || area.dataset.leaves === 'yes') return
    event.preventDefault()
    area.setRangeText('  ', area.selectionStart, area.selectionEnd, 'end')
    area.dispatchEvent(new Event('input'))
  })
  area.addEventListener('keydown', ({ key }) => {
    area.dataset.leaves = key === 'Escape' ? 'yes' : 'no'
  })
  draw()
  return {
    draw,
    /** @param {number | undefined} line */
    mark(line) {
      badLine = line
      draw()
    },
  }
}
