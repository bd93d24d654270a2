/** A load balancer. Each connection goes to the next port, or to another one if that port refuses it. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Balancer {
  readonly port: number
  close(): Promise<void>
}

export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  let count = 0
  const join = (client: Socket, attempt: number, first: number) => {
    if (attempt === ports.length) return client.destroy()
    const target = connect(ports[(first + attempt) % ports.length] as number, '127.0.0.1')
    const tryNext = () => join(client, attempt + 1, first)
    target.once('error', tryNext)
    target.once('connect', () => {
      target.off('error', tryNext)
      sockets.add(target)
      target.on('error', () => client.destroy())
      target.on('close', () => sockets.delete(target))
      client.on('close', () => target.destroy())
      client.pipe(target).pipe(client)
    })
  }
  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => undefined)
    client.on('close', () => sockets.delete(client))
    join(client, 0, count++)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
