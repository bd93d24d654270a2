import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '#config/config.ts'

describe('base addresses', () => {
  const mistakes = (env: Record<string, string>): readonly string[] => {
    try {
      loadConfig([], env, '/nowhere')
      return []
    } catch (error) {
      return error instanceof ConfigError ? error.mistakes : [String(error)]
    }
  }

  it('of the API have no path, and none has a query, a fragment or a password', () => {
    expect(mistakes({ API_BASE_URL: 'https://s3.example.com', UI_BASE_URL: 'https://x.example/s3-console' })).toEqual(
      [],
    )
    expect(mistakes({ API_BASE_URL: 'https://s3.example.com:8443/' })).toEqual([])
    for (const url of ['https://x/s3', 'https://x/s3/', 'https://x/?a=b', 'https://x/#a', 'ftp://x']) {
      expect(mistakes({ API_BASE_URL: url })).toEqual([
        `API_BASE_URL cannot be "${url}": it must be an http or https address without a path.`,
      ])
    }
    expect(mistakes({ API_BASE_URL: 'https://u:p@x/' })).toEqual([
      'The value of API_BASE_URL is invalid: it must be an http or https address without a path.',
    ])
    for (const url of ['https://x/?a=b', 'https://x/#a', 'https://u:p@x/', 'https://x//y', 'https://x/"y']) {
      expect(mistakes({ UI_BASE_URL: url })).toHaveLength(1)
    }
  })
})
