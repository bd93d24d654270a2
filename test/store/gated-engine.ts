import type { LocalEngine } from '#metadata/local-engine.ts'
import { forwardingEngine } from './forwarding-engine.ts'

/** The engine as one process sees it: its sections wait at the gate. */
export function gated(engine: LocalEngine): { engine: LocalEngine; shut(): void; open(): void } {
  let gate = Promise.resolve()
  let release = () => {}
  const view: LocalEngine = {
    ...forwardingEngine(engine),
    exclusively: async (section) => {
      await gate
      return engine.exclusively(section)
    },
    close: async () => {},
  }
  const shut = () => {
    gate = new Promise((resolve) => {
      release = resolve
    })
  }
  return { engine: view, shut, open: () => release() }
}
