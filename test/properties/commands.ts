/** Random requests of a client, over a few odd keys. */
import fc from 'fast-check'

export const oddKeys = ['a', 'a/b', 'a//b', 'a/b/c', 'A', 'dir/', 'é/😀', 'x'.repeat(300), '..', '../a', ' +%&?']

const key = fc.constantFrom(...oddKeys)
/** An index into the existing versions, uploads or parts; any number means one of them. */
const nth = fc.nat({ max: 5 })
const body = fc.record({
  fill: fc.constantFrom('p', 'q', 'r'),
  sizeBytes: fc.oneof({ weight: 6, arbitrary: fc.nat({ max: 40 }) }, { weight: 1, arbitrary: fc.constant(70_000) }),
})
const color = fc.constantFrom('red', 'green')
/** With SSE-S3. */
const isSealed = fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
const annotation = fc.constantFrom('note', 'über')
const annotationText = fc.constantFrom('a', 'a longer text')
const condition = fc.oneof(
  { weight: 5, arbitrary: fc.constant('none' as const) },
  { weight: 1, arbitrary: fc.constantFrom('if it is there', 'if it is not', 'if it is another') },
)
const listing = {
  prefix: fc.constantFrom('', 'a', 'a/', 'dir', '.', 'é', 'none'),
  delimiter: fc.constantFrom('', '/', '//', 'b'),
  pageSize: fc.constantFrom(1, 2, 3, 1000),
}

const is = <K extends string>(kind: K) => fc.constant(kind)

export const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: is('put'), key, body, color, condition, isSealed }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: is('append'),
      key,
      body,
      at: fc.constantFrom('its end', 'its end', 'its end', 'its start', 'beyond it'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: is('annotate'), key, nth, name: annotation, text: annotationText }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: is('removeAnnotation'), key, nth, name: annotation, passes: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: is('get'), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: is('getRange'), key, start: fc.nat({ max: 50 }), length: fc.nat({ max: 20 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: is('getVersion'), key, nth }) },
  { weight: 3, arbitrary: fc.record({ kind: is('delete'), key, condition }) },
  { weight: 3, arbitrary: fc.record({ kind: is('deleteVersion'), key, nth, passes: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: is('deleteMany'),
      entries: fc.array(fc.record({ key, nth: fc.option(nth, { nil: undefined }) }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: is('copy'),
      from: key,
      nth: fc.option(nth, { nil: undefined }),
      to: key,
      color: fc.option(color, { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: is('rename'), from: key, to: key, condition }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: is('setVersioning'),
      status: fc.constantFrom('Enabled' as const, 'Suspended' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: is('hold'), key, nth, status: fc.constantFrom('ON', 'ON', 'OFF') }) },
  { weight: 1, arbitrary: fc.record({ kind: is('retain'), key, nth }) },
  { weight: 2, arbitrary: fc.record({ kind: is('list'), ...listing }) },
  { weight: 2, arbitrary: fc.record({ kind: is('listVersions'), ...listing }) },
  { weight: 2, arbitrary: fc.record({ kind: is('createUpload'), key, color, isSealed }) },
  { weight: 4, arbitrary: fc.record({ kind: is('putPart'), nth, partNumber: fc.constantFrom(1, 1, 2, 7), body }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: is('complete'),
      nth,
      parts: fc.constantFrom('first', 'first', 'all', 'wrong'),
      condition,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: is('abort'), nth }) },
  { weight: 1, arbitrary: fc.record({ kind: is('listUploads'), ...listing }) },
  { weight: 1, arbitrary: fc.record({ kind: is('reopen') }) },
)

export type Command = typeof command extends fc.Arbitrary<infer C> ? C : never
export type Of<K extends Command['kind']> = Extract<Command, { kind: K }>
