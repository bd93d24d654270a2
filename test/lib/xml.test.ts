import { describe, expect, it } from 'vitest'
import { elementAt, elementsAt, escapeXml, formatXml, parseXml, textAt } from '#lib/text/xml.ts'

const parse = (text: string) => parseXml(text, { maxDepth: 20 }).content

describe('reading XML', () => {
  it('keeps every text as it is: no trimming, no numbers', () => {
    const content = parse('<Delete>\n<Key> a &amp; b&#13;&#x41; </Key>\n<Size>007</Size><Empty/></Delete>')
    expect(content).toEqual({ Key: ' a & b\rA ', Size: '007', Empty: '' })
  })

  it('makes arrays of repeated elements, and of those named', () => {
    const parsed = parseXml('<A><B>1</B><B>2</B><C>3</C></A>', { maxDepth: 5, arrays: ['C'] })
    expect(parsed.content).toEqual({ B: ['1', '2'], C: ['3'] })
  })

  it('takes names of Object.prototype for what they are', () => {
    const content = parse('<A><toString>1</toString><hasOwnProperty>2</hasOwnProperty></A>')
    expect(Object.keys(content)).toEqual(['toString', 'hasOwnProperty'])
    expect(Object.getPrototypeOf(content)).toBeNull()
    expect(textAt(parse('<A/>'), 'constructor')).toBeUndefined()
  })

  it('never touches a prototype', () => {
    expect(() => parse('<A><__proto__><polluted>1</polluted></__proto__></A>')).toThrow()
    expect('polluted' in {}).toBe(false)
  })

  it.each([
    '<!DOCTYPE a [<!ENTITY x "y">]><A>&x;</A>',
    '<!doctype a><A/>',
    '<A>&x;</A>',
    '<A><B>&#0;</B></A>',
    '<A><B>&#xD800;</B></A>',
    '<A><B></A>',
    '<A/><A/>',
    '<A>text<B/></A>',
    '<A>',
    'text',
    '',
    `${'<a>'.repeat(30)}${'</a>'.repeat(30)}`,
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow()
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(() => parseXml(Buffer.from([0x3c, 0x41, 0x3e, 0xff, 0x3c, 0x2f, 0x41, 0x3e]), { maxDepth: 5 })).toThrow()
  })

  it('refuses more tags and attributes than it is told to read', () => {
    const read = (text: string) => parseXml(text, { maxDepth: 5, maxMarkup: 6 })
    expect(read('<A><B a="1"/><C/><D/></A>').content).toMatchObject({ B: '', D: '' })
    expect(() => read('<A><B/><C/><D/><E/><F/></A>')).toThrow('Too many')
    expect(() => read(`<A ${"a='1' ".repeat(6)}/>`)).toThrow('Too many')
  })

  // One pass: reading everything again for each reference would run into the time limit.
  it('is through with a megabyte of references', () => {
    expect(textAt(parse(`<A><B>${'&#65;'.repeat(200_000)}</B></A>`), 'B')).toHaveLength(200_000)
  })

  it('narrows once, and complains of the wrong shape', () => {
    const content = parse('<A><T>x</T><E><F>1</F></E><N/></A>')
    expect(textAt(content, 'T')).toBe('x')
    expect(elementAt(content, 'E')).toEqual({ F: '1' })
    expect(elementAt(content, 'N')).toEqual({})
    expect(elementsAt(content, 'E')).toHaveLength(1)
    expect(elementsAt(content, 'Nothing')).toEqual([])
    expect(() => textAt(content, 'E')).toThrow()
    expect(() => elementAt(content, 'T')).toThrow()
  })
})

describe('writing XML', () => {
  it('repeats arrays, leaves out undefined, and puts $names into attributes', () => {
    const content = { A: 1, B: ['x', { C: true }], D: undefined, E: { '$xsi:type': 'T', F: '' } }
    expect(formatXml({ root: 'R', content }, { namespace: 'n' })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<R xmlns="n"><A>1</A><B>x</B><B><C>true</C></B><E xsi:type="T"><F/></E></R>',
    )
  })

  it('escapes markup and control characters', () => {
    expect(escapeXml('a<b>&"\r\u0001')).toBe('a&lt;b&gt;&amp;&quot;&#xd;&#x1;')
  })

  it('reads back what it wrote', () => {
    const key = ' <&>"\r\u0001\n\t€ '
    expect(parse(formatXml({ root: 'R', content: { Key: key } }))).toEqual({ Key: key })
  })
})
