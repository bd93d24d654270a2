import { expect, it } from 'vitest'
import { awsEncode, percentDecode, queryDecode } from '#lib/text/uri.ts'

it('encodes all but unreserved characters, in upper case', () => {
  expect(awsEncode("a-_.~Z9 !*'()/+%€")).toBe('a-_.~Z9%20%21%2A%27%28%29%2F%2B%25%E2%82%AC')
  expect(awsEncode('a b/c', { keepSlash: true })).toBe('a%20b/c')
})

it('decodes strictly, and once', () => {
  expect(percentDecode('a%2520b+c')).toBe('a%20b+c')
  expect(queryDecode('a+b%2Bc')).toBe('a b+c')
  for (const bad of ['%', '%4', '%zz', '%ff', '%ED%A0%80']) expect(() => percentDecode(bad)).toThrow(URIError)
})
