import type { Clock } from '#lib/clock.ts'

/** The SDK signs by the system's time, and corrects it only after an answer. */
export function signByClock(client: { readonly config: object }, clock: Clock): void {
  Object.defineProperty(client.config, 'systemClockOffset', {
    get: () => clock.nowMs() - Date.now(),
    set: () => undefined,
  })
}
