/** All time comes from one clock, which tests can set, and which is the database's where nodes share an index. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, it } from 'vitest'
import { files, source } from './source-files.ts'

/** Files that read the time of this machine, and why nothing is decided by it that another node or a test would see. */
const readers: Readonly<Record<string, string>> = {
  'lib/clock.ts': 'is the system clock',
  'lib/log/destination.ts': 'the time of a line of the log',
  'lib/program/program-file.ts': 'the age of files by the times that the file system gave them',
  'lib/text/http-date.ts': 'the century of a year of two digits',
  'documents/file-source.ts': 'the age of a lock file by the time that the file system gave it',
  'launcher/banner.ts': 'the time of a line of the log',
  'launcher/main.ts': 'when the node was started, as it is shown',
  'launcher/processes/supervisor.ts': 'how often processes of this machine died',
}

/** Files below app/ that use it: they open the services, or are commands that run without services. */
const users: Readonly<Record<string, string>> = {
  'identity/identities.ts': 'commands and starts that open no services',
  'identity/administrator.ts': 'when the first user was created, before there are services',
  'jobs/runner.ts': 'waits for a limited time when the process ends',
  'metadata/order.ts': 'callers without a clock: an order is newer than those before it, whatever the time is',
}

const filesWith = (pattern: RegExp): string[] =>
  [...files(source)].filter((file) => pattern.test(readFileSync(file, 'utf8'))).map((file) => relative(source, file))

it('only these files read the clock of this machine', () => {
  expect(filesWith(/\bDate\.now\b|\bDate\(\)/).sort()).toEqual(Object.keys(readers).sort())
})

it('what services do is given a clock, not the one of this machine', () => {
  const found = filesWith(/\bsystemClock\b/).filter((file) => !/^(app\/|lib\/clock\.ts$)/.test(file))
  expect(found.sort()).toEqual(Object.keys(users).sort())
})
