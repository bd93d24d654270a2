// A JSON document as a tree that folds. Large ones are drawn as they are unfolded.
const openDepth = 2
const childrenMax = 1000

/** @param {HTMLElement} pre */
export function showTree(pre) {
  let value
  try {
    value = JSON.parse(pre.textContent)
  } catch (error) {
    const note = document.createElement('p')
    note.className = 'preview-note problem'
    note.textContent = `This is no valid JSON: ${error.message}`
    pre.before(note)
    return
  }
  const tree = document.createElement('div')
  tree.className = 'json-tree mono'
  tree.tabIndex = 0
  tree.setAttribute('role', 'group')
  tree.setAttribute('aria-label', 'JSON')
  tree.append(drawValue(value, undefined, 0))
  pre.replaceWith(tree)
}

function drawValue(value, name, depth) {
  if (typeof value !== 'object' || value === null) return drawLeaf(value, name)
  const isList = Array.isArray(value)
  const entries = isList ? value.map((one, at) => [at, one]) : Object.entries(value)
  if (entries.length === 0) return drawLeaf(isList ? '[]' : '{}', name, 'empty')
  const details = document.createElement('details')
  const summary = document.createElement('summary')
  summary.append(...label(name), mark(isList ? `[${entries.length}]` : `{${entries.length}}`, 'soft'))
  details.append(summary)
  const fill = () => {
    for (const [key, one] of entries.slice(0, childrenMax)) details.append(drawValue(one, key, depth + 1))
    if (entries.length > childrenMax) details.append(mark(`and ${entries.length - childrenMax} more`, 'soft'))
  }
  details.addEventListener('toggle', fill, { once: true })
  details.open = depth < openDepth
  return details
}

function drawLeaf(value, name, kind = value === null ? 'null' : typeof value) {
  const line = document.createElement('div')
  line.className = 'json-leaf'
  line.append(...label(name), mark(kind === 'string' ? JSON.stringify(value) : String(value), `code-${kind}`))
  return line
}

const label = (name) => (name === undefined ? [] : [mark(String(name), 'code-key'), ': '])

function mark(text, className) {
  const span = document.createElement('span')
  span.className = className
  span.textContent = text
  return span
}
