/** Starts this server on a free port, to measure or test it from outside. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type StartedServer, startServer } from './processes.ts'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The command that runs a TypeScript file. */
export const tsx = [process.execPath, '--import', 'tsx'] as const

/** The API alone, with its data in `folder` and nothing taken over from the caller's settings but PATH and the like. */
export async function startOwnServer(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<{ url: URL; server: StartedServer }> {
  const port = await findFreePort()
  const url = new URL(`http://127.0.0.1:${port}`)
  const command = [...tsx, join(root, 'run.ts'), '--mode', 'api', '--api-port', String(port), ...flags]
  const settings = { STORAGE_ROOT: folder, APP_HOST: '127.0.0.1', NODE_ENV: 'production' }
  const server = await startServer(command, new URL('/healthz', url).href, { ...settings, ...environment })
  return { url, server }
}

export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
