// Indented JSON with values that fold. Each line stays in its place, so that nothing moves.
import { tokens } from './json-tokens.js'

const linesMax = 5000

/** @param {HTMLElement} pre holds a line for each value */
export function showTree(pre) {
  const lines = pre.textContent.split('\n')
  if (lines.length > linesMax) return
  const tree = document.createElement('div')
  tree.className = 'preview-text json-tree is-text mono'
  tree.tabIndex = 0
  tree.setAttribute('role', 'group')
  tree.setAttribute('aria-label', 'JSON')
  const open = [tree]
  for (const line of lines) {
    const isOpening = /[{[]$/.test(line)
    open.at(-1).append(drawLine(line, isOpening ? 'summary' : 'div'))
    if (isOpening) {
      const details = document.createElement('details')
      details.open = true
      details.append(open.at(-1).lastChild)
      open.at(-1).append(details)
      open.push(details)
    } else if (/^\s*[}\]],?$/.test(line) && open.length > 1) open.pop()
  }
  pre.replaceWith(tree)
}

function drawLine(line, name) {
  const element = document.createElement(name)
  element.append(...tokens(line))
  return element
}
