/**
 * Guards the reason for the classes in http/server/server.ts: an Express application that is as fast as node:http,
 * nearly.
 */
import http, { type Server } from 'node:http'
import { connect } from 'node:net'
import express from 'express'
import { expect, it } from 'vitest'
import { closeServer, createHttpServer, listen } from '#http/server/server.ts'

const answer = (_request: http.IncomingMessage, response: http.ServerResponse) =>
  void response.writeHead(200, { 'content-length': 0 }).end()

const rounds = 3
const perRound = 3000
const pipelined = 50

/** CPU microseconds of a request, the least of some rounds: others on the machine can only add to it. */
async function cost(server: Server): Promise<number> {
  const port = await listen(server, '127.0.0.1', 0)
  await load(port, perRound)
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    await load(port, perRound)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / perRound)
  }
  await closeServer(server, 100)
  return least
}

/** Pipelined over one connection, which costs the client next to nothing. */
function load(port: number, requests: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const batch = 'HEAD /bucket/key HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(pipelined)
    let answered = 0
    const socket = connect(port, '127.0.0.1', () => socket.write(batch))
    socket.on('data', (piece) => {
      answered += piece.toString('latin1').split('HTTP/1.1 200').length - 1
      if (answered >= requests) socket.destroy()
      else if (answered % pipelined === 0) socket.write(batch)
    })
    socket.once('error', reject)
    socket.once('close', () => resolve())
  })
}

/** Up to Node 22 it costs four times as much as node:http, from Node 24 on a third more. */
const isExpressSlow = Number.parseInt(process.versions.node, 10) < 24

// Tried again, since others on the machine can spoil all rounds of one.
it('costs far less than plain Express, and little more than node:http', { retry: 2 }, async () => {
  const bare = await cost(http.createServer(answer))
  const ours = await cost(createHttpServer({}, (app) => app.use(answer)))
  const plain = await cost(http.createServer(express().use(answer)))
  console.log(`CPU µs a request: node:http ${bare.toFixed(1)}, ours ${ours.toFixed(1)}, Express ${plain.toFixed(1)}`)
  expect(ours).toBeLessThan(bare * 1.5)
  if (isExpressSlow) expect(ours).toBeLessThan(plain * 0.8)
})
