// A flood of ARP on a veth, in network namespaces: the highest rate at which tcpdump, as it is, loses no frame; and what a live capture
// keeps of the same flood. Every frame must be captured, or counted as lost. Needs root, tcpdump and tcpreplay.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const bin = new URL('../bin/run.js', import.meta.url).pathname
const spaces = ['vd-bench-sender', 'vd-bench-client']
const [sender, client] = spaces
/** Frames a second, and how long each flood lasts. */
const rates = [400_000, 300_000, 200_000, 150_000, 100_000, 50_000, 20_000, 10_000]
const floodSeconds = 4
/** At so many frames a second each source captures all. */
const promised = 150_000
/** Rates are tried so often until tcpdump keeps all: another process may have had the processor. */
const tries = 2

export async function* run() {
  if (process.getuid() !== 0) throw new Error('capture-live needs root, for network namespaces')
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-bench-'))
  try {
    makeWire()
    const file = path.join(folder, 'arp.pcap')
    writeFileSync(file, oneRequest())
    const rate = await highestRate(file)
    const cases = [
      ['tcpdump listens', []],
      ['libpcap listens', ['--source', 'libpcap', '--promiscuous']],
    ]
    const floods = cases.flatMap(([name, flags]) => [
      [name, flags, rate, 'the highest rate that tcpdump -w captures without loss'],
      [name, flags, promised, `${promised} frames a second`],
    ])
    for (const [name, flags, rate, words] of floods) {
      const { sent, captured, dropped, seconds } = await vipdoctorIn(file, rate, flags)
      const said = dropped === 'some' ? 'said to be incomplete' : `${dropped} counted as lost`
      if (dropped !== 'some' && captured + dropped < sent)
        throw new Error(`${sent - captured - dropped} frames were lost and not counted`)
      yield {
        case: `${name}, at ${words}`,
        seconds,
        lost: sent - captured,
        aim: rate === promised ? { lost: [0, 0] } : undefined,
        size: `${Math.round(sent / seconds)} frames a second of ${rate} asked: ${sent} sent, ${captured} captured, ${said}`,
      }
    }
  } finally {
    for (const space of spaces) spawnSync('ip', ['netns', 'del', space])
    rmSync(folder, { recursive: true })
  }
}

function makeWire() {
  for (const space of spaces) spawnSync('ip', ['netns', 'del', space])
  for (const space of spaces) must('ip', 'netns', 'add', space)
  must('ip', '-n', sender, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', client)
  for (const space of spaces) must('ip', '-n', space, 'link', 'set', 'eth0', 'up')
  must('ip', '-n', client, 'address', 'add', '10.240.0.50/24', 'dev', 'eth0')
}

/** A pcap file of one request, 10.240.0.1 for 10.240.0.2: about no VIP, so that no line is printed for it. */
function oneRequest() {
  const frame = Buffer.concat([
    Buffer.from('ffffffffffff0a580af0000108060001080006040001', 'hex'),
    Buffer.from('0a580af000010af000010000000000000af00002', 'hex'),
    Buffer.alloc(18),
  ])
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65535, 16)
  header.writeUInt32LE(1, 20)
  const record = Buffer.alloc(16)
  record.writeUInt32LE(frame.length, 8)
  record.writeUInt32LE(frame.length, 12)
  return Buffer.concat([header, record, frame])
}

async function highestRate(file) {
  for (const rate of rates) {
    for (let tried = 0; tried < tries; tried += 1) {
      const { sent, said } = await whileFlooding(file, rate, [
        'tcpdump',
        '-p',
        '-n',
        '-i',
        'eth0',
        '-w',
        '/dev/null',
        'arp',
      ])
      const captured = Number(/(\d+) packets? captured/.exec(said)?.[1])
      const dropped = Number(/(\d+) packets? dropped by kernel/.exec(said)?.[1])
      // A machine that cannot send so fast has not tried the rate.
      if (dropped === 0 && captured >= sent && sent > 0) return rate
    }
  }
  throw new Error('tcpdump loses frames at every rate: the machine is too busy to measure on')
}

async function vipdoctorIn(file, rate, flags) {
  const asked = [
    'capture',
    'arp',
    '--vip',
    '10.240.0.100',
    '--interface',
    'eth0',
    '--duration',
    '60',
    '--output',
    'json',
  ]
  const { sent, said, seconds } = await whileFlooding(file, rate, [process.execPath, bin, ...asked, ...flags])
  const { messages, dropped } = JSON.parse(said.trim().split('\n').at(-1))
  return { sent, captured: messages, dropped, seconds }
}

/** Floods while a command listens, then ends it by Ctrl-C; its output, how many frames were sent, and in what time. */
async function whileFlooding(file, rate, command) {
  const listener = spawn('ip', ['netns', 'exec', client, ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [listener.stderr, listener.stdout]) stream.on('data', (data) => (said += data))
  const closed = new Promise((resolve) => listener.on('close', resolve))
  await sleep(2500)
  const start = process.hrtime.bigint()
  const flags = ['--intf1=eth0', '--preload-pcap', `--pps=${rate}`, `--loop=${rate * floodSeconds}`]
  const flood = spawn('ip', ['netns', 'exec', sender, 'tcpreplay', ...flags, file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let told = ''
  flood.stdout.on('data', (data) => (told += data))
  await new Promise((resolve) => flood.on('close', resolve))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  await sleep(1500)
  listener.kill('SIGINT')
  await closed
  return { sent: Number(/Successful packets:\s+(\d+)/.exec(told)?.[1] ?? 0), said, seconds }
}

function must(program, ...args) {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
}
