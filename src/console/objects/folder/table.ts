/** Parses CSV: RFC 4180, with any line end and any number of columns a row. */
const columnsMax = 60

export function parseTable(text: string, separator: string, rowsMax: number): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let isQuoted = false
  const endCell = () => {
    if (row.length < columnsMax) row.push(cell)
    cell = ''
  }
  for (let at = 0; at < text.length && rows.length < rowsMax; at++) {
    const character = text[at] ?? ''
    if (isQuoted) {
      if (character !== '"') cell += character
      else if (text[at + 1] === '"') {
        cell += '"'
        at++
      } else isQuoted = false
    } else if (character === '"' && cell === '') isQuoted = true
    else if (character === separator) endCell()
    else if (character === '\n') {
      endCell()
      rows.push(row)
      row = []
    } else if (character !== '\r') cell += character
  }
  if (rows.length < rowsMax && (cell !== '' || row.length > 0)) {
    endCell()
    rows.push(row)
  }
  return rows
}
