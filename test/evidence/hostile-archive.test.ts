import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import tar from 'tar-stream'
import { archiveLimits, openArchive } from '../../src/evidence/archive-store.ts'
import { asWritten } from '../../src/evidence/as-written.ts'
import { directoryStore } from '../../src/evidence/directory-store.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { memoryStore } from '../../src/evidence/store.ts'
import { openBundle } from '../../src/collect/open-bundle.ts'

type Header = Parameters<tar.Pack['entry']>[0]

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-hostile-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

let made = 0
function zipped(unpacked: Uint8Array): string {
  made += 1
  const file = path.join(folder, `${made}.tar.gz`)
  writeFileSync(file, gzipSync(unpacked, { level: 1 }))
  return file
}

async function packed(entries: readonly (readonly [Header, string])[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const [header, text] of entries) pack.entry(header, text)
  pack.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of pack) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}

const file = (name: string, text: string, pax = {}): readonly [Header, string] => [{ name, ...pax }, text]
const refusal = (message: unknown) => ({ name: 'UserError', message })

test('a tar cut anywhere inside a whole gzip ends too early, and nothing is thrown past the caller', async () => {
  const whole = await packed([file('bundle.json', '{}'), file('nodes/w/x.txt', 'y'.repeat(3000))])
  for (let at = 100; at < 2 * 512 + 2048 + 512; at += 97) {
    if (at % 512 === 0) continue
    const cut = zipped(whole.subarray(0, at))
    await expect(openArchive(cut)).rejects.toMatchObject(refusal(`${cut} is cut off: it ends too early.`))
  }
})

describe('an archive is refused for what its headers say, before memory is taken', () => {
  test('a size that nothing has', async () => {
    const archive = zipped(await packed([file('bundle.json', '{}', { pax: { size: '9007199254740991' } })]))
    await expect(openArchive(archive)).rejects.toMatchObject(refusal(`${archive} is cut off: it ends too early.`))
  })

  test('a size that is no number', async () => {
    const archive = zipped(await packed([file('bundle.json', '{}', { pax: { size: 'many' } })]))
    await expect(openArchive(archive)).rejects.toMatchObject(refusal(`${archive} is no gzipped tar archive.`))
  })

  test('a million entries', async () => {
    const one = (await packed([file('a', '')])).subarray(0, 512)
    const archive = zipped(Buffer.concat(Array.from({ length: archiveLimits.entries + 1 }, () => one)))
    const message = `${archive} holds more than ${archiveLimits.entries} entries; refused.`
    await expect(openArchive(archive)).rejects.toMatchObject(refusal(message))
  })

  test('a path of 20,000 folders', async () => {
    const archive = zipped(await packed([file('x', '{}', { pax: { path: `${'a/'.repeat(20_000)}b` } })]))
    await expect(openArchive(archive)).rejects.toMatchObject(refusal(expect.stringMatching(/lies too deep: .*refused/)))
  })

  test('what unfolds to more than the limit', async () => {
    const archive = zipped(Buffer.alloc(50_000_000))
    const opening = openArchive(archive, { ...archiveLimits, unpackedBytes: 10_000_000 })
    await expect(opening).rejects.toMatchObject(refusal(`${archive} unfolds to more than 10 MiB; refused.`))
  })
})

test('a file too large for a text is a gap, and the others are read', async () => {
  const archive = zipped(await packed([file('b/bundle.json', '{}'), file('b/large.json', 'x'.repeat(2000))]))
  const store = await openArchive(archive, { ...archiveLimits, fileBytes: 1000 })
  expect(store.read('large.json')).toMatchObject({ gap: true, reason: 'larger than 512 MiB' })
  expect(isGap(store.read('bundle.json'))).toBe(false)
})

describe('a folder', () => {
  const bundle = (name: string): string => {
    const root = path.join(folder, name)
    mkdirSync(path.join(root, 'nodes'), { recursive: true })
    return root
  }

  test('with a FIFO or a device in it is read past them', () => {
    const root = bundle('fifo')
    execFileSync('mkfifo', [path.join(root, 'nodes', 'pipe.txt')])
    expect(directoryStore(root).read('nodes/pipe.txt')).toMatchObject({ reason: 'no regular file' })
  })

  test.each([
    ['a file without an end', '/dev/zero', 'nodes/w.txt'],
    ['a folder of this machine', '/etc', 'nodes/w'],
    ['the folder above', '..', 'nodes/w'],
  ])('with a link to %s is refused, also where only names are listed', (_, target, link) => {
    const root = path.join(bundle(`link-${String((made += 1))}`), 'inner')
    mkdirSync(path.join(root, 'nodes'), { recursive: true })
    symlinkSync(target === '..' ? '../..' : target, path.join(root, link))
    const store = directoryStore(root)
    const out = `${link} in the bundle is a symbolic link that leads out of it.`
    expect(() => store.read(link)).toThrow(out)
    if (!link.endsWith('.txt')) expect(() => store.list(link)).toThrow(out)
  })

  test('with a link that stays inside is followed', () => {
    const root = bundle('inside')
    writeFileSync(path.join(root, 'nodes', 'a.txt'), 'x')
    symlinkSync('a.txt', path.join(root, 'nodes', 'b.txt'))
    expect(directoryStore(root).read('nodes/b.txt')).toEqual(Buffer.from('x'))
  })
})

test.each([
  ['a device', '/dev/zero', '/dev/zero is a device, not a file.'],
  ['a path that is too long', `/${'x'.repeat(5000)}`, /cannot be opened: ENAMETOOLONG\.$/],
  ['a file as a folder', '/etc/passwd/x', 'There is no bundle /etc/passwd/x.'],
])('%s is no bundle', async (_, name, message) => {
  await expect(openBundle(name)).rejects.toMatchObject(
    refusal(typeof message === 'string' ? message : expect.stringMatching(message)),
  )
})

test('what is gzipped in a folder unfolds to so much in all, however often it is read, and the rest is gaps', () => {
  const packed = gzipSync(Buffer.alloc(1000))
  const names = ['a.json', 'b.json', 'c.json']
  const store = asWritten(memoryStore(new Map(names.map((name) => [name, packed]))), 2500)
  const read = () => names.map((name) => store.read(name)).map((one) => (isGap(one) ? one.reason : one.length))
  const allowed = [1000, 1000, 'unfolds to more than a bundle may have']
  expect([read(), read()]).toEqual([allowed, allowed])
})
