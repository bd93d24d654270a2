/**
 * Counts turns of the event loop. Values that may be as old as the present turn (a file's stamp, a snapshot of the
 * index) are read once a turn instead of once a call: a client that waited for an answer sends its next request in a
 * later turn.
 */
let turn = 0
let isCounting = false

function count(): void {
  isCounting = false
  turn++
}

export function currentTurn(): number {
  if (!isCounting) {
    isCounting = true
    setImmediate(count)
  }
  return turn
}
