import { defineConfig } from 'vitest/config'

// They have a command of their own, test:browser: they take longer, and need Chromium.
const isBrowser = process.argv.some((word) => word.startsWith('test/browser'))
// So do those of nodes as processes, test:cluster: they take minutes, and all of the machine.
const isCluster = process.argv.some((word) => word.startsWith('test/cluster'))
const apart = [...(isBrowser ? [] : ['test/browser/**']), ...(isCluster ? [] : ['test/cluster/**'])]

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    exclude: ['node_modules/**', ...apart],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: isBrowser ? 120_000 : 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // A browser has processes of its own, and so have nodes.
    maxWorkers: isBrowser || isCluster ? 1 : 2,
  },
})
