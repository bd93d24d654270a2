/** A client that is itself a server during the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface BackgroundProgram {
  /** Its output so far. */
  said(): string
  stop(): Promise<void>
}

export function startInBackground(
  program: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
): BackgroundProgram {
  const child: ChildProcess = spawn(program, [...parameters], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (piece: Buffer) => {
      said += piece.toString()
    })
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    said: () => said,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Asks every 200 ms, for half a minute, until it is so. */
export async function waitUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (await isSo().catch(() => false)) return
    await sleep(200)
  }
  throw new Error(`In vain: ${what}`)
}
