import * as sdk from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { ApiError } from '#model/errors.ts'
import { operations } from '#s3/operations.ts'
import { createAddressReader } from '#s3/request/address.ts'
import { createMatcher } from '#s3/route.ts'

const match = createMatcher(operations)
const readAddress = createAddressReader([])

function nameOf(line: string, headers: Record<string, string> = {}): string {
  const [method = '', target = ''] = line.split(' ')
  try {
    return match({ method, address: readAddress(target, 'localhost:5000'), headers }).name
  } catch (error) {
    if (error instanceof ApiError) return error.code
    throw error
  }
}

describe('matching a request to its operation', () => {
  it.each([
    ['GET /', 'ListBuckets'],
    ['GET /?x-id=ListBuckets', 'ListBuckets'],
    ['GET /?x-id=ListDirectoryBuckets', 'ListDirectoryBuckets'],
    ['PUT /b', 'CreateBucket'],
    ['PUT /b/', 'CreateBucket'],
    ['GET /b', 'ListObjects'],
    ['GET /b?prefix=a&delimiter=/', 'ListObjects'],
    ['GET /b?list-type=2', 'ListObjectsV2'],
    ['GET /b?versions&prefix=x', 'ListObjectVersions'],
    ['GET /b?versions=', 'ListObjectVersions'],
    ['GET /b?uploads', 'ListMultipartUploads'],
    ['POST /b', 'PostObject'],
    ['POST /b?delete', 'DeleteObjects'],
    ['GET /b/k', 'GetObject'],
    ['GET /b/k?partNumber=2&versionId=null', 'GetObject'],
    ['GET /b/k?response-content-type=text/plain', 'GetObject'],
    ['GET /b/k?attributes', 'GetObjectAttributes'],
    ['GET /b/k?uploadId=u', 'ListParts'],
    ['HEAD /b/k?partNumber=1', 'HeadObject'],
    ['PUT /b/k', 'PutObject'],
    ['PUT /b/k?partNumber=1&uploadId=u', 'UploadPart'],
    ['PUT /b/k?renameObject', 'RenameObject'],
    ['POST /b/k?uploads', 'CreateMultipartUpload'],
    ['POST /b/k?uploadId=u', 'CompleteMultipartUpload'],
    ['DELETE /b/k?uploadId=u', 'AbortMultipartUpload'],
    ['DELETE /b/k?versionId=v', 'DeleteObject'],
    ['GET /b?inventory', 'ListBucketInventoryConfigurations'],
    ['GET /b?inventory&id=1', 'GetBucketInventoryConfiguration'],
  ])('%s is %s', (line, name) => {
    expect(nameOf(line)).toBe(name)
  })

  it('takes a copy source as a marker', () => {
    const headers = { 'x-amz-copy-source': '/b/k' }
    expect(nameOf('PUT /b/k', headers)).toBe('CopyObject')
    expect(nameOf('PUT /b/k?partNumber=1&uploadId=u', headers)).toBe('UploadPartCopy')
  })

  it.each([
    ['DELETE /b?inventory', 'InvalidArgument'],
    ['DELETE /b?uploads', 'MethodNotAllowed'],
    ['DELETE /b?versions', 'MethodNotAllowed'],
    ['DELETE /b?location', 'MethodNotAllowed'],
    ['DELETE /b?legal-hold', 'InvalidArgument'],
    ['DELETE /b/k?acl', 'MethodNotAllowed'],
    ['DELETE /b/k?policy', 'InvalidArgument'],
    ['PUT /b/k?partNumber=1', 'InvalidArgument'],
    ['PUT /b/k?uploadId=u', 'InvalidArgument'],
    ['GET /b?acl&policy', 'InvalidArgument'],
    ['GET /b/k?versions', 'InvalidArgument'],
    ['POST /b/k', 'MethodNotAllowed'],
    ['DELETE /', 'MethodNotAllowed'],
    ['PATCH /b/k', 'MethodNotAllowed'],
  ])('%s is %s and never falls through to a plainer operation', (line, code) => {
    expect(nameOf(line)).toBe(code)
  })

  it('refuses two equal routes at start-up', () => {
    const rows = [
      { name: 'One', route: 'GET bucket ?a ?b=' },
      { name: 'Two', route: 'GET bucket ?b= ?a' },
    ]
    expect(() => createMatcher(rows)).toThrow('Two and One have the same route')
  })
})

describe('the table of operations', () => {
  const commands = Object.entries(sdk).flatMap(([name, command]) =>
    name.endsWith('Command') && name !== '$Command' && typeof command === 'function'
      ? [[name.slice(0, -'Command'.length), command as unknown as new (input: object) => { schema: unknown }] as const]
      : [],
  )

  it('knows the commands of the SDK', () => {
    expect(commands.length).toBeGreaterThan(100)
  })

  it.each(commands)('has a row where the SDK sends %s', (name, Command) => {
    const [, , , traits, input] = new Command({}).schema as SdkOperation
    const [method, uri] = traits.http
    const [path = '', query = ''] = uri.split('?')
    const [, , , , names, members, required = 0] = typeof input === 'function' ? input() : input
    const parameters = query === '' ? [] : query.split('&')
    const headers: Record<string, string> = {}
    for (const [index] of names.entries()) {
      const binding = members[index]
      if (index >= required || !Array.isArray(binding)) continue
      const { httpQuery, httpHeader } = binding[1] as { httpQuery?: string; httpHeader?: string }
      if (httpQuery !== undefined) parameters.push(`${httpQuery}=1`)
      if (httpHeader !== undefined) headers[httpHeader.toLowerCase()] = '1'
    }
    const isService = name === 'ListBuckets' || name === 'ListDirectoryBuckets'
    const target = `${isService || path.startsWith('/W') ? '' : '/b'}${path.replace('{Key+}', 'k')}`
    expect(nameOf(`${method} ${target}?${parameters.join('&')}`, headers)).toBe(name)
  })
})

/** The SDK's own description of an operation: kind, namespace, name, traits, input. */
type SdkOperation = [number, string, string, { http: [string, string, number] }, SdkStructure | (() => SdkStructure)]
type SdkStructure = [number, string, string, unknown, string[], unknown[], number?]
