// What a node with many Services costs: its rules read and one VIP traced through them, as a whole process. For iptables beside the
// program that reads the same dump into the kernel, for nftables beside JSON.parse of the same text (both inside a fresh process, since
// node's own start is in neither).
import { execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { temporaryFolder } from './folder.js'
import { iptablesDump } from './inputs/iptables.js'
import { nftRuleset } from './inputs/nft.js'
import { nodeAddress, writeNodeBundle } from './inputs/node.js'
import { servicesOf } from './inputs/services.js'
import { byTurns, comparing, median } from './measure.js'

const bin = new URL('../bin/run.js', import.meta.url).pathname
const once = new URL('nft-once.js', import.meta.url).pathname
const restore = 'iptables-legacy-restore'
const megabytes = (text) => `${(text.length / 1e6).toFixed(1)} MB`
const thousands = (count) => count.toLocaleString('en')

export function* run() {
  const folder = temporaryFolder()
  for (const count of [1000, 2000, 5000, 10_000]) {
    const services = servicesOf(count, 5)
    const { vip } = services[Math.floor(count * 0.7)]
    yield iptables(path.join(folder, `iptables-${count}`), services, vip)
    yield nft(path.join(folder, `nft-${count}`), services, vip)
  }
}

const traceOf = (vip, bundle) => [process.execPath, bin, 'trace', `${vip}:80`, '--node', 'worker-0', '--bundle', bundle]

function iptables(bundle, services, vip) {
  const dump = iptablesDump(services)
  const file = writeNodeBundle(bundle, 'iptables-legacy-save.txt', dump)
  const rules = dump.match(/^-A /gm).length
  const command = traceOf(vip, bundle)
  const peer = [restore, '--test', file]
  const there = spawnSync(peer[0], peer.slice(1)).status === 0
  if (!there) console.error(`${restore} --test does not run here (it needs root and the kernel's ip_tables): no peer.`)
  const [ours, theirs] = byTurns([{ command }, ...(there ? [{ command: peer }] : [])], 7)
  return {
    case: `iptables, ${thousands(services.length)} Services`,
    ...ours,
    peer: there ? `${restore} --test` : null,
    peerSeconds: there ? theirs.seconds : null,
    ratio: there ? theirs.seconds / ours.seconds : null,
    size: `${thousands(rules)} rules, ${megabytes(dump)}`,
  }
}

function nft(bundle, services, vip) {
  const text = nftRuleset(services, nodeAddress)
  const file = writeNodeBundle(bundle, 'nft-ruleset.json', text)
  if (comparing()) {
    // Whole processes: the program as it is built, and not its modules one by one.
    const [ours] = byTurns([{ command: traceOf(vip, bundle) }], 7)
    return { case: `nftables, ${thousands(services.length)} Services`, ...ours, size: megabytes(text) }
  }
  const samples = { trace: [], parse: [] }
  for (let run = 0; run < 7; run += 1)
    for (const [what, list] of Object.entries(samples))
      list.push(JSON.parse(execFileSync(process.execPath, [once, what, bundle, file, vip], { encoding: 'utf8' })))
  const middle = (list, key) => median(list.map((sample) => sample[key]))
  const seconds = middle(samples.trace, 'seconds')
  const peerSeconds = middle(samples.parse, 'seconds')
  return {
    case: `nftables, ${thousands(services.length)} Services`,
    seconds,
    peer: 'JSON.parse of the same text',
    peerSeconds,
    ratio: peerSeconds / seconds,
    aim: services.length === 10_000 ? { ratio: [1, Infinity] } : undefined,
    residentMiB: middle(samples.trace, 'residentMiB'),
    size: megabytes(text),
  }
}
