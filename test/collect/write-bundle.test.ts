import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { openBundle } from '../../src/collect/open-bundle.ts'
import { emptyCollection, sealed } from '../../src/collect/collection.ts'
import { refuseUnwritable, writeBundle } from '../../src/collect/write-bundle.ts'
import { testNeeding } from '../kit/needing.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-write-'))
const at = (name: string) => path.join(folder, name)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const time = '2026-11-21T06:38:13Z'
const collection = emptyCollection()
collection.files.set('nodes/worker-0/sysctl.txt', Buffer.from('net.ipv4.ip_forward = 1\n'))
collection.files.set('kubernetes/services.json', Buffer.from('{"items":[]}'))
collection.files.set('nodes/worker-0/long.txt', Buffer.alloc(300_000, 'x\n'))
collection.gaps.set('aws/describe-subnets.json', 'permission ec2:DescribeSubnets is missing')
const files = sealed(collection, { time, tool: 'vipdoctor 0.1.0' })

describe.each(['bundle.tar.gz', 'bundle'])('%s', (name) => {
  test('reads back as it was collected: files, gaps, time', async () => {
    await writeBundle(at(name), files, { time, force: false })
    const evidence = await openBundle(at(name))
    expect(evidence.time).toBe(time)
    expect(evidence.aws.subnets).toEqual({
      gap: true,
      source: 'aws/describe-subnets.json',
      reason: 'permission ec2:DescribeSubnets is missing',
    })
    expect(evidence.kubernetes.services).toEqual([])
    expect(evidence.nodeNames).toEqual(['worker-0'])
    expect(Buffer.from(evidence.store.read('nodes/worker-0/long.txt') as Uint8Array).length).toBe(300_000)
  })

  test('belongs to its owner alone, and leaves nothing unfinished beside it', async () => {
    expect(statSync(at(name)).mode & 0o077).toBe(0)
    if (name === 'bundle') expect(statSync(at('bundle/nodes/worker-0/sysctl.txt')).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter((file) => file.includes('.part'))).toEqual([])
    await Promise.resolve()
  })
})

test('the same collection gives the same bytes', async () => {
  await writeBundle(at('one.tar.gz'), files, { time, force: false })
  await writeBundle(at('two.tar.gz'), files, { time, force: false })
  const { readFileSync } = await import('node:fs')
  expect(readFileSync(at('one.tar.gz')).equals(readFileSync(at('two.tar.gz')))).toBe(true)
})

test('a directory that holds something is not overwritten', async () => {
  mkdirSync(at('mine'))
  writeFileSync(at('mine/thesis.txt'), '')
  await expect(writeBundle(at('mine'), files, { time, force: false })).rejects.toThrow(/it is there already/)
  expect(readdirSync(at('mine'))).toEqual(['thesis.txt'])
})

test.each(['again', 'again.tar.gz'])(
  'a bundle that is there (%s) is replaced only where that is asked for',
  async (name) => {
    await writeBundle(at(name), files, { time, force: false })
    await expect(writeBundle(at(name), new Map(), { time, force: false })).rejects.toMatchObject({
      message: `The bundle cannot be written to ${at(name)}: it is there already.`,
      suggestion: '--force replaces it; or name another.',
    })
    expect((await openBundle(at(name))).nodeNames).toEqual(['worker-0'])
    const none = sealed(emptyCollection(), { time, tool: 'vipdoctor 0.1.0' })
    await writeBundle(at(name), none, { time, force: true })
    expect((await openBundle(at(name))).nodeNames).toEqual([])
    expect(readdirSync(folder).filter((one) => one.includes('.part'))).toEqual([])
  },
)

test('a directory that is no bundle is not replaced by --force either', async () => {
  mkdirSync(at('work'))
  writeFileSync(at('work/thesis.txt'), '')
  await expect(writeBundle(at('work'), files, { time, force: true })).rejects.toThrow(/it is there already/)
})

test('a place that cannot be written to is said before anything is read', () => {
  expect(() => {
    refuseUnwritable(at('nowhere/bundle.tar.gz'), false)
  }).toThrow(/there is no directory/)
})

// Root may write everywhere.
const asUser = testNeeding('a user other than root')
asUser('a folder without permission leaves nothing behind', async () => {
  mkdirSync(at('closed'))
  chmodSync(at('closed'), 0o500)
  await expect(writeBundle(at('closed/bundle.tar.gz'), files, { time, force: false })).rejects.toThrow(
    /permission denied/,
  )
})
