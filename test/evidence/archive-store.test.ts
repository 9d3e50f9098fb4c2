import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import tar from 'tar-stream'
import { archiveLimits, openArchive } from '../../src/evidence/archive-store.ts'
import { directoryStore } from '../../src/evidence/directory-store.ts'
import { fixtureNames, fixturePath } from '../kit/fixtures.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

interface Entry {
  readonly name: string
  readonly type?: 'file' | 'symlink' | 'link'
  readonly linkname?: string
  readonly text?: string
}

async function archive(...entries: readonly Entry[]): Promise<string> {
  const pack = tar.pack()
  for (const { name, type = 'file', linkname, text = '' } of entries) {
    pack.entry({ name, type, ...(linkname === undefined ? {} : { linkname }) }, text)
  }
  pack.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of pack) chunks.push(chunk as Uint8Array)
  const file = path.join(folder, `${String(Math.random()).slice(2)}.tar.gz`)
  writeFileSync(file, gzipSync(Buffer.concat(chunks)))
  return file
}

const text = (bytes: unknown): string =>
  bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : JSON.stringify(bytes)

describe('an archive is refused', () => {
  test.each([
    ['with a path that climbs out', { name: '../../etc/passwd', text: 'x' }],
    ['with an absolute path', { name: '/etc/passwd', text: 'x' }],
    ['with a path that climbs out on its way', { name: 'nodes/../../x', text: 'x' }],
    ['with a symbolic link', { name: 'nodes/worker-0', type: 'symlink', linkname: '/etc' }],
    ['with a hard link', { name: 'bundle.json', type: 'link', linkname: '/etc/passwd' }],
  ] as const)('%s', async (_, entry) => {
    const file = await archive({ name: 'bundle.json', text: '{}' }, entry)
    await expect(openArchive(file)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(/refused\.$/),
    })
  })

  test('that unfolds to more than the limit', async () => {
    const file = await archive({ name: 'bundle.json', text: 'x'.repeat(2_000_000) })
    const opening = openArchive(file, { ...archiveLimits, unpackedBytes: 1_000_000 })
    await expect(opening).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('unfolds to more than'),
    })
  })

  test('that holds more entries than the limit', async () => {
    const file = await archive(...Array.from({ length: 5 }, (_, index) => ({ name: `f${String(index)}`, text: 'x' })))
    const opening = openArchive(file, { ...archiveLimits, entries: 4 })
    await expect(opening).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('more than 4 entries'),
    })
  })

  test('that ends too early', async () => {
    const whole = await archive({ name: 'bundle.json', text: 'x'.repeat(5000) })
    const { readFileSync } = await import('node:fs')
    const cut = path.join(folder, 'cut.tar.gz')
    writeFileSync(cut, readFileSync(whole).subarray(0, 60))
    await expect(openArchive(cut)).rejects.toMatchObject({
      name: 'UserError',
      message: `${cut} is cut off: it ends too early.`,
    })
  })

  test('that is none', async () => {
    const file = path.join(folder, 'bundle.tar.gz')
    writeFileSync(file, Buffer.from([1, 2, 3, 4, 0, 255]))
    await expect(openArchive(file)).rejects.toMatchObject({
      name: 'UserError',
      message: `${file} is no gzipped tar archive.`,
    })
  })
})

test('one folder around everything is left out, as `tar czf b.tar.gz mycluster/` packs it', async () => {
  const store = await openArchive(
    await archive({ name: 'mycluster/bundle.json', text: '{}' }, { name: 'mycluster/nodes/w/x.txt', text: 'hello' }),
  )
  expect(text(store.read('nodes/w/x.txt'))).toBe('hello')
  expect(store.list('nodes')).toEqual(['w'])
})

test('a file larger than the stream’s buffer arrives whole', async () => {
  const long = 'line\n'.repeat(400_000)
  const store = await openArchive(await archive({ name: 'bundle.json', text: '{}' }, { name: 'a.txt', text: long }))
  expect(text(store.read('a.txt'))).toHaveLength(long.length)
})

test('every fixture can be opened', async () => {
  for (const name of fixtureNames) expect((await openArchive(fixturePath(name))).list('')).toContain('bundle.json')
})

describe('a directory', () => {
  test('is not left by a symbolic link', () => {
    const root = path.join(folder, 'linked')
    mkdirSync(path.join(root, 'nodes'), { recursive: true })
    symlinkSync('/etc', path.join(root, 'nodes', 'w'))
    expect(() => directoryStore(root).read('nodes/w/passwd')).toThrow(
      'nodes/w in the bundle is a symbolic link that leads out of it.',
    )
  })

  test('says why a file cannot be read', () => {
    const root = path.join(folder, 'odd')
    mkdirSync(path.join(root, 'aws', 'region.txt'), { recursive: true })
    symlinkSync('nowhere', path.join(root, 'gone.txt'))
    const store = directoryStore(root)
    expect(store.read('aws/region.txt')).toMatchObject({ reason: 'a directory, not a file' })
    expect(store.read('gone.txt')).toMatchObject({ reason: 'a symbolic link to nothing' })
    expect(store.read('aws/none.json')).toMatchObject({ reason: 'not in the evidence' })
    expect(store.read('aws/region.txt/x')).toMatchObject({ reason: 'not in the evidence' })
    expect(() => store.read('../odd')).toThrow('outside itself')
  })
})
