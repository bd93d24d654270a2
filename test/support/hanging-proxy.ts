/** A TCP proxy that hangs as a network that loses all packets: connections stay open, and new ones get no answer. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface HangingProxy {
  readonly port: number
  /** From now on nothing passes, in both directions. */
  hang(): void
  /**
   * Hangs after the next data from a client that `isLast` accepts, of which the server does not get the last
   * `withheldBytes`. Resolves once it hangs.
   */
  hangAt(isLast: (data: Buffer) => boolean, withheldBytes: number): Promise<void>
  /**
   * `deliver`: what waits arrives late. `drop`: it never does. The connections from before are lost for the client, and
   * the server does not notice.
   */
  goOn(what: 'deliver' | 'drop'): void
  close(): Promise<void>
}

interface Pair {
  readonly client: Socket
  server?: Socket
  /** Not delivered yet. */
  readonly waiting: (() => void)[]
  isDropped?: boolean
}

export async function startHangingProxy(target: number): Promise<HangingProxy> {
  const pairs = new Set<Pair>()
  let isHanging = false
  let trap: { isLast: (data: Buffer) => boolean; withheldBytes: number; done: () => void } | undefined

  const pass = (pair: Pair, step: () => void) => {
    if (isHanging) pair.waiting.push(step)
    else if (!pair.isDropped) step()
  }
  const fromClient = (pair: Pair, data: Buffer) => {
    if (isHanging || trap === undefined || !trap.isLast(data)) {
      pass(pair, () => pair.server?.write(data))
      return
    }
    const { withheldBytes, done } = trap
    trap = undefined
    const end = data.length - withheldBytes
    pair.server?.write(data.subarray(0, end))
    isHanging = true
    if (withheldBytes > 0) pass(pair, () => pair.server?.write(data.subarray(end)))
    done()
  }
  const join = (pair: Pair) => {
    const { client } = pair
    const server = connect(target, '127.0.0.1')
    pair.server = server
    server.on('error', () => undefined)
    server.on('data', (data) => pass(pair, () => client.write(data)))
    server.on('close', () => {
      pass(pair, () => client.destroy())
      if (pair.isDropped) pairs.delete(pair)
    })
  }
  const listener = createServer((client) => {
    const pair: Pair = { client, waiting: [] }
    pairs.add(pair)
    client.on('error', () => undefined)
    client.on('data', (data) => fromClient(pair, data))
    client.on('close', () =>
      pass(pair, () => {
        pair.server?.end()
        pairs.delete(pair)
      }),
    )
    pass(pair, () => join(pair))
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hang() {
      isHanging = true
    },
    hangAt: (isLast, withheldBytes) =>
      new Promise((done) => {
        trap = { isLast, withheldBytes, done }
      }),
    goOn(what) {
      isHanging = false
      for (const pair of pairs) {
        const steps = pair.waiting.splice(0)
        if (what === 'deliver') for (const step of steps) step()
        else {
          pair.isDropped = true
          pair.client.destroy()
        }
      }
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy()
        server?.destroy()
      }
      listener.close()
      await once(listener, 'close')
    },
  }
}
