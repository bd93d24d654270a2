/**
 * Turns of the event loop, counted. What may be as old as the turn that asks (a file's stamp, a snapshot of the index) is looked at
 * once a turn instead of once a question: whoever waited for an answer to their last request asks the next one in a later turn.
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
