const everyMs = 50
const maxMs = 20_000

/** Repeats what throws while it is too early, also where Vitest does not run. */
export async function until(succeeds: () => unknown): Promise<void> {
  for (const endMs = performance.now() + maxMs; ; ) {
    try {
      await succeeds()
      return
    } catch (error) {
      if (performance.now() > endMs) throw error
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
}
