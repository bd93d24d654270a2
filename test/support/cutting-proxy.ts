/** A TCP proxy that a test can use to break connections. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  readonly port: number
  /**
   * The next data from a client with these bytes in it is the last of its connection. `before`: the server never sees
   * it; `after`: it does, and the answer is lost. Resolves once the connection is cut.
   */
  cutAt(bytes: Buffer, when: 'before' | 'after'): Promise<void>
  close(): Promise<void>
}

export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  let cut: { bytes: Buffer; when: 'before' | 'after'; done: () => void } | undefined
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        // The server keeps a connection without noticing that its client is gone, as after a network failure.
        if (socket === upstream) client.destroy()
      })
    }
    upstream.on('data', (data) => client.write(data))
    client.on('end', () => upstream.end())
    client.on('data', (data) => {
      if (cut === undefined || !data.includes(cut.bytes)) {
        upstream.write(data)
        return
      }
      const { when, done } = cut
      cut = undefined
      upstream.removeAllListeners('data').resume()
      if (when === 'after') upstream.write(data)
      client.destroy()
      done()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cutAt: (bytes, when) =>
      new Promise((done) => {
        cut = { bytes, when, done }
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
