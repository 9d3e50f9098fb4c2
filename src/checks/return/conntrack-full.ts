import { citeLine } from '../../evidence/cite.ts'
import { gap, isGap } from '../../evidence/gap.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, unknown, warn } from '../finding.ts'

const count = 'net.netfilter.nf_conntrack_count'
const max = 'net.netfilter.nf_conntrack_max'

/** A rule of thumb: above it a burst fills the table. */
const nearlyFull = 0.95

export default defineCheck({
  id: 'return/conntrack-full',
  after: 'return/rp-filter',
  title: 'The node’s connection table has room',
  needs: ['node/sysctl'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: ({ evidence, node }) => {
    const subject = `node/${node}`
    const { sysctl } = evidence.node(node)
    if (isGap(sysctl)) return []
    const proof = [count, max].flatMap((name) => {
      const line = sysctl.lines.get(name)
      return line === undefined ? [] : [citeLine(sysctl.file, line, `${name} = ${sysctl.values.get(name) ?? ''}`)]
    })
    const used = Number(sysctl.values.get(count) ?? NaN)
    const room = Number(sysctl.values.get(max) ?? NaN)
    if (Number.isNaN(used) || Number.isNaN(room))
      return [
        {
          ...unknown('not-read', subject, `It is not known how full the connection table of ${node} is.`, [
            gap(sysctl.file, `has no ${Number.isNaN(used) ? count : max}`),
          ]),
          blocks: false,
        },
      ]
    // The kernel takes 0 for no limit.
    if (room === 0 || used < nearlyFull * room)
      return [pass('has-room', subject, `The connection table of ${node} has room.`, proof)]
    const fix = {
      commands: [`ssh ${node} sudo sysctl -w ${max}=${String(2 * room)}`, `ssh ${node} sudo conntrack -S`],
      changes: `The table of ${node} may grow to twice its size; an entry takes a few hundred bytes of kernel memory. kube-proxy sets the limit again when it starts (conntrack.maxPerCore), so raise it there too.`,
    }
    const figures = `${String(used)} of ${String(room)} entries`
    return [
      used >= room
        ? fail(
            'full',
            subject,
            `The connection table of ${node} is full (${figures}): the kernel drops the first packets of new connections.`,
            proof,
            fix,
          )
        : warn('nearly-full', subject, `The connection table of ${node} is nearly full (${figures}).`, proof, {
            fix,
            blocks: false,
          }),
    ]
  },
  docs: {
    means:
      'Every connection through a node takes an entry in its connection table. When that is full, the kernel drops the first packets of new connections, and those that exist go on: a service that answers some and not others. The kernel’s log says "nf_conntrack: table full, dropping packet".',
    byHand: `sysctl ${count} ${max}; dmesg | grep "table full"; conntrack -S (drop, early_drop).`,
    mend: 'Raise the limit (kube-proxy’s conntrack.maxPerCore and conntrack.min, or the sysctl), and look for what opens so many connections: conntrack -L | awk over sources.',
    sources: [
      'Linux Documentation/networking/nf_conntrack-sysctl.rst',
      'Linux net/netfilter/nf_conntrack_core.c (__nf_conntrack_alloc)',
    ],
  },
})
