/**
 * Ends the answers of one turn of the event loop together. Each write to a socket wakes its client, which takes the
 * processor in the middle of the turn if there are no more cores than processes. With this, small reads over sixteen
 * connections are 25 % faster. Writes do not use it: it makes them slower, since their files are moved between the
 * answers.
 */
import type { ServerResponse } from 'node:http'

/**
 * Delaying an answer slows down a single client by 10 %. So only some answers are delayed, until two are ready in one
 * turn.
 */
const lookEvery = 16

let answers: [response: ServerResponse, body: string | Buffer | undefined][] = []
let areSeveral = false
let untilLook = lookEvery

/** Does the same as `response.end(body)`, at the latest at the end of this turn. */
export function endTogether(response: ServerResponse, body: string | Buffer | undefined): void {
  if (!areSeveral && --untilLook > 0) {
    response.end(body)
    return
  }
  if (answers.length === 0) setImmediate(endAll)
  answers.push([response, body])
}

function endAll(): void {
  const all = answers
  answers = []
  areSeveral = all.length > 1
  untilLook = lookEvery
  for (const [response, body] of all) response.end(body)
}
