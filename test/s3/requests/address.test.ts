import { describe, expect, it } from 'vitest'
import { createAddressReader, kindOf } from '#s3/request/address.ts'

const read = createAddressReader(['s3.example.com', 'example.com', '127.0.0.1'])
const path = (target: string) => read(target, '127.0.0.1:5000')

describe('path style', () => {
  it.each([
    ['/', '', ''],
    ['/b', 'b', ''],
    ['/b/', 'b', ''],
    ['/b/k', 'b', 'k'],
    ['/b//k', 'b', '/k'],
    ['/b/a//c/', 'b', 'a//c/'],
    ['/b/../../etc/passwd', 'b', '../../etc/passwd'],
    ['/b/%2e%2e/x', 'b', '../x'],
    ['/b/%2Fx', 'b', '/x'],
    ['/b/a%252Fb', 'b', 'a%2Fb'],
    ['/b/a+b', 'b', 'a b'],
    ['/b/a%20b%2Bc', 'b', 'a b+c'],
    ["/b/!*'()", 'b', "!*'()"],
    ['/b/%E2%82%AC', 'b', '€'],
    [Buffer.from('/b/€').toString('latin1'), 'b', '€'],
    ['/b/a%00b', 'b', 'a\0b'],
    ['/b/k?x=/y', 'b', 'k'],
    ['http://127.0.0.1:5000/b/k', 'b', 'k'],
  ])('%s', (target, bucketName, key) => {
    expect(path(target)).toMatchObject({ bucketName, key })
  })

  it.each([
    '/b/%',
    '/b/%zz',
    '/b/%ff',
    '/b/%C0%AF',
    '/b?prefix=%',
    '//k',
    '*',
    Buffer.from([0x2f, 0x62, 0x2f, 0xff]).toString('latin1'),
  ])('refuses %s', (target) => {
    expect(() => path(target)).toThrow("Couldn't parse the specified URI.")
  })
})

describe('the query', () => {
  it('is decoded, takes both spaces, and keeps the first of repeated names', () => {
    const { query } = path('/b?prefix=a+b%20c%2Bd&acl&x=1&x=2&e=&=z&a=b=c')
    expect(Object.fromEntries(query)).toEqual({ prefix: 'a b c+d', acl: '', x: '1', e: '', '': 'z', a: 'b=c' })
  })
})

describe('virtual-host style', () => {
  it.each([
    ['b.localhost:5000', '/k', 'b', 'k'],
    ['B.LocalHost', '/', 'b', ''],
    ['a.b.localhost', '//k', 'a.b', '/k'],
    ['b.s3.example.com', '/x/y', 'b', 'x/y'],
    ['b.example.com', '/k', 'b', 'k'],
    ['s3.example.com', '/b/k', 'b', 'k'],
    ['localhost:5000', '/b/k', 'b', 'k'],
    ['x.127.0.0.1', '/b/k', 'b', 'k'],
    ['[::1]:5000', '/b/k', 'b', 'k'],
    ['other.test', '/b/k', 'b', 'k'],
  ])('%s %s', (host, target, bucketName, key) => {
    expect(read(target, host)).toMatchObject({ bucketName, key })
  })
})

it('tells service, bucket and object apart', () => {
  expect([kindOf(path('/')), kindOf(path('/b')), kindOf(path('/b/k'))]).toEqual(['service', 'bucket', 'object'])
})
