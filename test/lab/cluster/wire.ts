import { diagnose, program } from './doctor.ts'
import type { Fault } from './fault.ts'
import { clientOf, connect, forget, type Lab } from './lab.ts'
import { hosts, vip } from './plan.ts'
import { run, sleep } from './run.ts'

/** What was heard of the VIP while the bastion asked for it, by both ways in which vipdoctor listens, and what is true. */
export interface Wire {
  /** The host whose hardware address the bastion's kernel has for the VIP; null where nobody answers. */
  readonly holder: string | null
  /** What `capture arp` on the bastion concluded: fine, fault, or open; and the hosts that it heard claim the VIP. */
  readonly heard: { readonly verdict: string; readonly claimants: readonly string[] }
  /** What `check --capture` said. */
  readonly verdict: string
  readonly causes: readonly string[]
  readonly named: readonly string[]
}

interface Conclusion {
  readonly verdict: string
  readonly claimants: readonly { readonly mac: string }[]
}

const seconds = 8

/** Listens by `capture arp`, then by `check --capture`, while the bastion asks for the VIP again and again. */
export async function listen(lab: Lab, fault: Fault): Promise<Wire> {
  const asking = askAgain(lab)
  try {
    const fabric = lab.fabric === 'lan' ? ' --fabric lan' : ''
    const line = `${program} capture arp --vip ${vip} --cluster --duration ${String(seconds)} --output json --quiet${fabric}`
    const { stdout } = await lab.sh(line, 90)
    const { verdict, claimants } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Conclusion
    const target = fault.target ?? 'default/nginx-lb'
    const said = await diagnose(lab, target, clientOf('bastion').asked, null, ` --capture=${String(seconds)}`)
    const macs = await macsOf(lab)
    const holder = await neighbour()
    const hostAt = (mac: string): string => macs.get(mac) ?? mac
    return {
      holder: holder === null ? null : hostAt(holder),
      heard: { verdict, claimants: claimants.map(({ mac }) => hostAt(mac)) },
      verdict: said.verdict,
      causes: said.causes.map(({ id }) => id),
      named: said.findings.filter(({ status }) => status === 'warn' || status === 'fail').map(({ id }) => id),
    }
  } finally {
    await asking.stop()
  }
}

function askAgain(lab: Lab): { readonly stop: () => Promise<void> } {
  const asking = { on: true }
  const loop = (async () => {
    while (asking.on) {
      await forget(lab, 'bastion')
      await connect(lab, 'bastion', vip, 1)
      await sleep(1000)
    }
  })()
  return {
    stop: () => {
      asking.on = false
      return loop
    },
  }
}

/** Whom the bastion's kernel takes for the VIP. */
async function neighbour(): Promise<string | null> {
  const text = await run('ip', ['-j', 'neigh', 'show', vip, 'dev', 'eth0'])
  const [entry] = JSON.parse(text) as readonly { readonly lladdr?: string }[]
  return entry?.lladdr ?? null
}

/** The host of each hardware address. */
async function macsOf(lab: Lab): Promise<ReadonlyMap<string, string>> {
  const others = hosts.filter(({ name }) => name !== 'bastion')
  const found = await Promise.all(
    others.map(async ({ name }) => [(await lab.on(name, 'cat /sys/class/net/eth0/address')).trim(), name] as const),
  )
  return new Map(found)
}
