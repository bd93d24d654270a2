import { defineConfig } from 'vitest/config'

// They have a command of their own, test:browser: they take longer, and need Chromium.
const isBrowser = process.argv.some((word) => word.startsWith('test/browser'))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    exclude: isBrowser ? [] : ['test/browser/**', 'node_modules/**'],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: isBrowser ? 120_000 : 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // A browser has processes of its own.
    maxWorkers: isBrowser ? 1 : 2,
  },
})
