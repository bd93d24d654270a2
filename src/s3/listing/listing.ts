/**
 * The common part of the three listings: parameters, and rows built by joining text, since a page has a thousand of
 * them.
 */

import type { IncomingHttpHeaders } from 'node:http'
import { awsEncode } from '#lib/text/uri.ts'
import { escapeXml, xmlDeclaration } from '#lib/text/xml.ts'
import { ownerOfObject } from '#model/access/object-ownership.ts'
import type { Bucket } from '#model/bucket/bucket.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import type { Accounts, S3Request, S3Response } from '#s3/operation.ts'
import { s3Namespace } from '#s3/send.ts'
import { DocumentWriter } from './document-writer.ts'

export interface ListParameters {
  readonly prefix: string
  readonly delimiter: string
  readonly maxKeys: number
  readonly isEncoded: boolean
  /** A key or prefix as it is written into the document. */
  readonly show: (text: string) => string
}

export function readListParameters({ query, headers }: Pick<S3Request, 'query' | 'headers'>): ListParameters {
  assertOptionalAttributes(headers)
  const encodingType = query.get('encoding-type')
  if (encodingType !== undefined && encodingType !== 'url') {
    throw invalidArgument('encoding-type', encodingType, 'Invalid Encoding Method specified in Request')
  }
  const isEncoded = encodingType === 'url'
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    maxKeys: readMaxKeys(query.get('max-keys')),
    isEncoded,
    show: isEncoded ? (text) => awsEncode(text, { keepSlash: true }) : escapeXml,
  }
}

/** InvalidArgument for an unknown attribute. RestoreStatus is only for restored objects, and there are none. */
function assertOptionalAttributes(headers: IncomingHttpHeaders): void {
  const name = 'x-amz-optional-object-attributes'
  const value = headers[name]?.toString()
  const attributes = value?.split(',').map((one) => one.trim()) ?? []
  if (value === undefined || attributes.every((one) => one === 'RestoreStatus')) return
  throw invalidArgument(name, value, 'Invalid attribute name specified.')
}

function readMaxKeys(text: string | undefined): number {
  return Math.min(parseCount(text, 'max-keys', 'maxKeys') ?? limits.listPageMax, limits.listPageMax)
}

const countMax = 0x7fffffff

/**
 * A whole number in the query; undefined if there is none. `argument`: ArgumentName in the error for a negative one.
 */
export function parseCount(text: string | undefined, name: string, argument = name): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^-\d+$/.test(text)) {
    throw invalidArgument(argument, text, `Argument ${argument} must be an integer between 0 and ${countMax}`)
  }
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (count <= countMax) return count
  throw invalidArgument(name, text, `Provided ${name} not an integer or within integer range`)
}

export function invalidArgument(name: string, value: string, message: string): ApiError {
  return new ApiError('InvalidArgument', { message, fields: { ArgumentName: name, ArgumentValue: value } })
}

/** Continuation tokens are opaque to clients. */
export function encodeToken(after: string): string {
  return Buffer.from(`1${after}`).toString('base64url')
}

export function decodeToken(token: string): string {
  const bytes = Buffer.from(token, 'base64url')
  const text = bytes.toString()
  if (bytes.toString('base64url') !== token || !text.startsWith('1')) {
    throw incorrectToken(token)
  }
  return text.slice(1)
}

export const incorrectToken = (token: string): ApiError =>
  invalidArgument('continuation-token', token, 'The continuation token provided is incorrect')

/** The answer of a listing: first the elements about the page, then its rows. */
export function listingResponse(
  root: string,
  head: string,
  writeRows: (document: DocumentWriter) => void,
  headers: S3Response['headers'] = {},
): S3Response {
  const document = new DocumentWriter()
  document.add(`${xmlDeclaration}<${root} xmlns="${s3Namespace}">${head}`)
  writeRows(document)
  document.add(`</${root}>`)
  return { headers: { 'content-type': 'application/xml', ...headers }, body: document.finish() }
}

export function writeCommonPrefixes(
  document: DocumentWriter,
  prefixes: readonly string[],
  show: (text: string) => string,
): void {
  for (const prefix of prefixes) document.add(`<CommonPrefixes><Prefix>${show(prefix)}</Prefix></CommonPrefixes>`)
}

/** Entries of a listing often have the same owner as the one before. */
export function createOwnerFormatter(bucket: Bucket, accounts: Accounts): (ownerId: string) => string {
  let lastId: string | undefined
  let text = ''
  return (objectOwnerId) => {
    const id = ownerOfObject(bucket, { ownerId: objectOwnerId })
    if (id === lastId) return text
    const name = accounts.findOwner(id)?.displayName
    const shownName = name === undefined ? '' : `<DisplayName>${escapeXml(name)}</DisplayName>`
    text = `<Owner><ID>${escapeXml(id)}</ID>${shownName}</Owner>`
    lastId = id
    return text
  }
}

let second = Number.NaN
let secondText = ''

/** `2026-11-24T02:11:00.000Z`: whole seconds, as in Last-Modified. Entries of a listing often have the same second. */
export function formatDate(ms: number): string {
  const ofSecond = Math.floor(ms / 1000)
  if (ofSecond !== second) {
    secondText = new Date(ofSecond * 1000).toISOString()
    second = ofSecond
  }
  return secondText
}
