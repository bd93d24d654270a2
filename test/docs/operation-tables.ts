/** What of S3, IAM and STS is served, from the maps that requests are matched against. */
import { operations as iamOperations } from '#iam/operations.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { notBuiltRows } from '#s3/bucket/settings/not-built.ts'
import type { OperationRow } from '#s3/operation.ts'
import { operations as s3Operations } from '#s3/operations.ts'
import { operations as stsOperations } from '#sts/operations.ts'
import { code, table, wrap } from './markdown.ts'

type Answer = 'served' | 'never set' | '501'

function answerOf(row: OperationRow): Answer {
  if (row.isUnserved === true) return '501'
  return notBuiltRows.includes(row) ? 'never set' : 'served'
}

/** The actions that a row asks about, for signed and anonymous requests, with and without a version id. */
function actionsOf({ action }: OperationRow): string {
  if (typeof action !== 'function') return action ?? ''
  const versions = [new Map(), new Map([['versionId', '1']])]
  const signed = { ...anonymous, isAnonymous: false } as Principal
  const asked = versions.flatMap((query) => [anonymous, signed].map((principal) => action({ query, principal })))
  return [...new Set(asked)].filter((name) => name !== undefined).join(', ')
}

export function s3Table(): string {
  const rows = s3Operations.map((row) => [
    row.name,
    code(row.route),
    row.isUnserved === true ? '' : actionsOf(row),
    answerOf(row),
  ])
  return table(['Operation', 'Request', 'Action', 'Answer'], rows)
}

export function iamLists(): string {
  const isServed = (row: (typeof iamOperations)[number]) => row.on !== 'unsupported'
  return lists(
    iamOperations.filter(isServed).map(({ name }) => name),
    iamOperations.filter((row) => !isServed(row)).map(({ name }) => name),
  )
}

export function stsLists(): string {
  return lists(
    stsOperations.filter(({ isUnserved }) => isUnserved !== true).map(({ name }) => name),
    stsOperations.filter(({ isUnserved }) => isUnserved === true).map(({ name }) => name),
  )
}

const lists = (served: readonly string[], unserved: readonly string[]): string =>
  [
    wrap(`Served (${served.length}): ${served.join(', ')}.`),
    wrap(`501 (${unserved.length}): ${unserved.join(', ')}.`),
  ].join('\n\n')

/** The counts for README. */
export function operationCounts(): string {
  const count = (answer: Answer) => s3Operations.filter((row) => answerOf(row) === answer).length
  const iamServed = iamOperations.filter(({ on }) => on !== 'unsupported').length
  const stsServed = stsOperations.filter(({ isUnserved }) => isUnserved !== true).length
  return table(
    ['', 'Served', 'Answered as never set', '501 NotImplemented'],
    [
      ['S3', `${count('served')}`, `${count('never set')}`, `${count('501')}`],
      ['IAM', `${iamServed}`, '', `${iamOperations.length - iamServed}`],
      ['STS', `${stsServed}`, '', `${stsOperations.length - stsServed}`],
    ],
  )
}
