import { gap, isGap } from '../../evidence/gap.ts'
import { citeSettings } from '../../evidence/node/sysctl.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, unknown, warn } from '../finding.ts'

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
  ofCluster: true,
  blocks: true,
  each: 'receiving',
  run: ({ evidence, node }) => {
    const subject = `node/${node}`
    const { sysctl } = evidence.node(node)
    if (isGap(sysctl)) return []
    const proof = citeSettings(sysctl, [count, max])
    const used = Number(sysctl.values.get(count) ?? NaN)
    const room = Number(sysctl.values.get(max) ?? NaN)
    if (Number.isNaN(used) || Number.isNaN(room))
      return [
        {
          ...unknown(
            'not-read',
            subject,
            said('connection table not read', `It is not known how full the connection table of ${node} is.`),
            [gap(sysctl.file, `has no ${Number.isNaN(used) ? count : max}`)],
          ),
          blocks: false,
        },
      ]
    // The kernel takes 0 for no limit.
    if (room === 0 || used < nearlyFull * room)
      return [
        pass(
          'has-room',
          subject,
          said('the connection table has room', `The connection table of ${node} has room.`),
          proof,
        ),
      ]
    const fix = {
      look: [sh`ssh ${node} sudo conntrack -S`],
      summary: `double the connection table of ${node}`,
      commands: [sh`ssh ${node} sudo sysctl -w ${max}=${2 * room}`],
      changes: `Until the next boot, or until kube-proxy starts and sets the limit again (conntrack.maxPerCore): raise it there too. An entry takes a few hundred bytes of kernel memory.`,
    }
    const figures = `${String(used)} of ${String(room)} entries`
    return [
      used >= room
        ? fail(
            'full',
            subject,
            said(
              'the connection table is full',
              `The connection table of ${node} is full (${figures}): the kernel drops the first packets of new connections.`,
            ),
            proof,
            fix,
          )
        : warn(
            'nearly-full',
            subject,
            said('the connection table is nearly full', `The connection table of ${node} is nearly full (${figures}).`),
            proof,
            { fix, blocks: false },
          ),
    ]
  },
  docs: {
    means:
      'Every connection through a node takes an entry in its connection table. When that is full, the kernel drops the first packets of new connections, and those that exist go on: a service that answers some and not others. The kernel’s log says "nf_conntrack: table full, dropping packet".',
    byHand: `On the node: sysctl ${count} ${max}; dmesg | grep "table full"; conntrack -S (drop, early_drop).`,
    mend: 'Raise the limit (kube-proxy’s conntrack.maxPerCore and conntrack.min, or the sysctl), and look for what opens so many connections: conntrack -L | awk over sources.',
    sources: [
      'Linux Documentation/networking/nf_conntrack-sysctl.rst',
      'Linux net/netfilter/nf_conntrack_core.c (__nf_conntrack_alloc)',
    ],
  },
})
