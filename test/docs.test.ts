import { expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { checks } from '../src/checks/index.ts'
import { findingsPages } from '../src/report/findings-page.ts'

const docs = path.join(import.meta.dirname, '../docs')

test('docs/findings says what the checks say: npm run docs', () => {
  const pages = findingsPages(checks)
  expect(readdirSync(path.join(docs, 'findings')).sort()).toEqual([...pages.keys()].sort())
  for (const [name, text] of pages) expect(readFileSync(path.join(docs, 'findings', name), 'utf8')).toBe(text)
})

test('every link of the README and of docs leads somewhere', () => {
  const pages = ['../README.md', '../SECURITY.md', ...readdirSync(docs).filter((name) => name.endsWith('.md'))]
  for (const page of pages) {
    const text = readFileSync(path.join(docs, page), 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect({ page, target, there: existsSync(path.join(docs, path.dirname(page), target)) }).toEqual({
        page,
        target,
        there: true,
      })
    }
  }
})

test('what the README shows of the demo is what the demo prints', () => {
  const readme = readFileSync(path.join(docs, '../README.md'), 'utf8')
  const [, shown = 'nothing'] = /```\n(10\.240\.0\.100:80 {2}[^`]+)```/.exec(readme) ?? []
  expect(readFileSync(path.join(import.meta.dirname, 'golden/hard-way-l2.txt'), 'utf8')).toContain(shown)
})

test('what docs/metallb.md shows is what the program prints', () => {
  const page = readFileSync(path.join(docs, 'metallb.md'), 'utf8')
  const [, shown = 'nothing'] = /```\n(10\.240\.0\.100:80 {2}[^`]+)```/.exec(page) ?? []
  expect(readFileSync(path.join(import.meta.dirname, 'golden/lan-not-advertised.txt'), 'utf8')).toContain(shown)
})

test('the changelog says nothing twice', () => {
  const lines = readFileSync(path.join(docs, '../CHANGELOG.md'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  expect(lines.filter((line, at) => lines.indexOf(line) < at)).toEqual([])
  expect(lines.length).toBeGreaterThan(3)
})
