// Splits JSON into coloured pieces.
const pattern = /("(?:[^"\\\n]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g

/** @param {string} text @returns {(string | HTMLSpanElement)[]} */
export function tokens(text) {
  const found = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    const [whole, string, colon, number] = match
    found.push(text.slice(at, match.index))
    const span = document.createElement('span')
    span.textContent = string ?? whole
    if (string !== undefined) span.className = colon === undefined ? 'code-string' : 'code-key'
    else span.className = number === undefined ? 'code-null' : 'code-number'
    found.push(span, colon ?? '')
    at = match.index + whole.length
  }
  return [...found, text.slice(at)]
}
