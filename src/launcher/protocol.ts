/** What the launcher and its children tell each other, over the channel between them. */
import type { AppConfig } from '#config.ts'

export type Role = 'api' | 'console'

/** The answer to a child's hello. Secrets go this way and not through the environment, which is for all to see. */
export interface StartMessage {
  readonly type: 'start'
  readonly role: Role
  readonly config: AppConfig
  readonly version: string
  readonly packageRoot: string
  /** One API process scans, watches and makes what must be there at first. */
  readonly isPrimary: boolean
  /** The first user, should there be none. */
  readonly bootstrap: { readonly accessKey: string; readonly secretKey: string }
}

/** The first message of a child, that it listens: what reaches a cluster worker earlier is lost. */
export interface HelloMessage {
  readonly type: 'hello'
}

export interface ReadyMessage {
  readonly type: 'ready'
  readonly port: number
}

export function isStartMessage(message: unknown): message is StartMessage {
  return hasType(message, 'start')
}

export function isHelloMessage(message: unknown): message is HelloMessage {
  return hasType(message, 'hello')
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return hasType(message, 'ready')
}

function hasType(message: unknown, type: string): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === type
}

/** A mistake of the user's, told in a sentence and without a stack. */
export class StartError extends Error {}

export const drainTimeoutMs = 10_000
