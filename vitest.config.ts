import { defineConfig } from 'vitest/config'

// `npm test` leaves out these folders unless they are named. Browser tests take longer and need Chromium: test:browser
// runs them. The others take minutes and need PostgreSQL or an S3 store: test:cluster runs them.
const isNamed = (folder: string) => process.argv.some((word) => word.startsWith(`test/${folder}`))
const apart = ['browser', 'cluster', 'migrate', 'nodes', 'postgres', 'upstream'].filter((folder) => !isNamed(folder))
const isBrowser = isNamed('browser')

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    exclude: ['node_modules/**', ...apart.map((folder) => `test/${folder}/**`)],
    globalSetup: 'test/temporary-folder.ts',
    testTimeout: isBrowser ? 120_000 : 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // A browser has processes of its own, and so have nodes.
    maxWorkers: isBrowser || isNamed('cluster') ? 1 : 2,
  },
})
