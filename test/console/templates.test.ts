import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const views = join(import.meta.dirname, '../../views')
const templates = readdirSync(views, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ejs'))

describe('templates', () => {
  it('put nothing unescaped on a page but what other templates and our own functions made', () => {
    const raw = templates.flatMap((name) =>
      [...readFileSync(join(views, name), 'utf8').matchAll(/<%-\s*([\s\S]*?)%>/g)].map(([, code = '']) => code.trim()),
    )
    expect(
      raw.filter((code) => !/^(include\('|icon\(|time\(|exactTime\(|drawn\(|isolated\(|body$)/.test(code)),
    ).toEqual([])
  })

  it('have no inline script, style or handler', () => {
    for (const name of templates) {
      const text = readFileSync(join(views, name), 'utf8')
      expect([name, /<script(?![^>]* src=)|<style|\sstyle="|\son[a-z]+="/.exec(text)?.[0]]).toEqual([name, undefined])
    }
  })
})
