import { cite, citeLine, type Proof } from '../../evidence/cite.ts'
import { citeFirst } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { nodesByName } from '../../evidence/kubernetes/nodes-by-name.ts'
import { endpointsOf, podsOf } from '../../lb/endpoints.ts'
import { parseCidr, rangeCovers } from '../../net/range.ts'
import { inWords } from '../../net/words.ts'
import { cniConfigs, twinRanges, type CniConfig } from '../../node/cni.ts'
import { onNode, sh } from '../../net/shell.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { fail, pass, said, skipped, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'forwarding/cni-config',
  after: 'forwarding/cni-ready',
  title: 'The node’s CNI configuration names plugins that are there, and there is one',
  needs: ['kubernetes/nodes'],
  alsoReads: ['node/cni-conf', 'node/cni-bin', 'kubernetes/pods', 'kubernetes/endpointslices'],
  about: ['service'],
  blocks: true,
  each: 'node',
  consequenceOf: ['forwarding/cni-ready'],
  run,
  docs: {
    means:
      'The container runtime takes the first file of /etc/cni/net.d by name, and runs the plugins that it names from /opt/cni/bin. Where a plugin is not there, no new pod of the node gets a network; pods that have one keep it. Where the files of two CNIs are there, the one that comes first by name is taken, whichever was meant. A bridge with host-local gives addresses from the range in its own file: a range outside the node’s podCIDR, or the same one on two nodes, has no route that leads to it.',
    byHand:
      'On the node: ls /etc/cni/net.d /opt/cni/bin; grep -h type /etc/cni/net.d/*. kubectl describe pod: failed to find plugin "…" in path [/opt/cni/bin].',
    mend: 'Install the plugin; take the configuration of the CNI that is not used away; write the node’s podCIDR into its bridge configuration.',
    sources: [
      'CNI specification 1.1.0, "Section 1: Network configuration format"; libcni, ConfFiles',
      'containerd documentation, "CRI Plugin Config Guide" (conf_dir, bin_dir, max_conf_num)',
      'Kubernetes the Hard Way, "Bootstrapping the Kubernetes Worker Nodes" (10-bridge.conf)',
    ],
  },
})

function run(context: ServiceNodeContext): readonly Draft[] {
  const { evidence, node } = context
  const subject = `node/${node}`
  const configs = cniConfigs(evidence, node)
  if (isGap(configs)) return [skipped('not-read', subject, `The CNI configuration of ${node} is not in the evidence.`)]
  const [taken] = configs
  if (taken === undefined)
    return [skipped('none', subject, `${node} has no CNI configuration; forwarding/cni-ready says so.`)]
  const found = [lacking(context, taken), rangeOff(context, taken), several(context, taken, configs)]
  const drafts = found.flatMap((draft) => draft ?? [])
  if (drafts.length > 0) return drafts
  if (!taken.read)
    return [skipped('not-json', subject, `What ${taken.name} of ${node} says is not in the evidence as JSON.`)]
  const plugins = [...taken.plugins, ...taken.ipams]
  return [
    pass(
      'plugins-there',
      subject,
      said('the CNI’s plugins are there', `${node} takes ${taken.name}, with the plugins ${inWords(plugins)}.`),
      [citeType(context, taken)],
    ),
  ]
}

/** The line of a configuration that names its first plugin. */
function citeType({ evidence, node }: ServiceNodeContext, { name, file }: CniConfig): Proof {
  const text = evidence.node(node).cniConfFiles.get(name)
  const line = text === undefined || isGap(text) ? null : citeFirst(text, /"(type|plugins)"/)
  return line ?? citeLine(file, 1, '')
}

/** Plugins that the configuration names and the node does not have; or a configuration of nothing but loopback. */
function lacking(context: ServiceNodeContext, taken: CniConfig): Draft | null {
  const { evidence, node } = context
  const bin = evidence.node(node).cniBin
  const version = nodesByName(evidence).get(node)?.status?.nodeInfo?.kubeletVersion ?? ''
  const look = [sh`ssh ${node} sudo ls -l /etc/cni/net.d /opt/cni/bin`]
  const stops = { blocks: waitsForNetwork(context) }
  if (taken.plugins.length > 0 && taken.plugins.every((type) => type === 'loopback'))
    return fail(
      'loopback-only',
      `node/${node}`,
      said(
        'the CNI configuration has loopback only',
        `${node} takes the CNI configuration ${taken.name}, which has the plugin loopback only: new pods get no address.`,
      ),
      [citeType(context, taken)],
      {
        look,
        advice: 'The configuration of the pod network must be there as well, under a name that comes first.',
      },
      stops,
    )
  // k3s and RKE2 keep their plugins where only they look.
  if (isGap(bin) || /\+(k3s|rke2)/.test(version)) return null
  const there = new Set(bin.lines.map((line) => line.trim()))
  const missing = [...new Set([...taken.plugins, ...taken.ipams])].filter((type) => !there.has(type))
  if (missing.length === 0) return null
  return fail(
    'plugin-missing',
    `node/${node}`,
    said(
      `CNI ${missing.length === 1 ? 'plugin' : 'plugins'} ${inWords(missing, 2)} not there`,
      `${taken.name} of ${node} names the CNI ${missing.length === 1 ? 'plugin' : 'plugins'} ${inWords(missing)}, and ${missing.length === 1 ? 'it is' : 'they are'} not among the node’s plugins: new pods get no network.`,
    ),
    [citeType(context, taken), citeFirst(bin, /./) ?? citeLine(bin.file, 1, 'empty')],
    {
      look,
      advice:
        'bridge, host-local, loopback and portmap come with the release archives of containernetworking/plugins, unpacked into /opt/cni/bin; other plugins are put there by the agent of their CNI.',
    },
    stops,
  )
}

/** Whether pods of the Service wait on this node for their network, and none is ready anywhere: only then does it stop the packet. */
function waitsForNetwork({ evidence, question, node }: ServiceNodeContext): boolean {
  const ready = (known(endpointsOf(evidence, question)) ?? []).some((endpoint) => endpoint.ready)
  const pods = known(podsOf(evidence, question.service)) ?? []
  return !ready && pods.some(({ spec, status }) => spec?.nodeName === node && (status?.podIP ?? '') === '')
}

/** A range of host-local that is none, lies outside the node's own, or is another node's as well. */
function rangeOff(context: ServiceNodeContext, taken: CniConfig): Draft | null {
  const { evidence, node } = context
  const object = nodesByName(evidence).get(node)
  const texts = [...new Set([object?.spec?.podCIDR, ...(object?.spec?.podCIDRs ?? [])])]
  const own = texts.flatMap((text) => parseCidr(text) ?? [])
  const proof = [citeType(context, taken)]
  const fix = {
    look: [sh`ssh ${node} sudo cat /etc/cni/net.d/${taken.name}`],
    advice: `Write the podCIDR of ${node} into it; pods that are there keep their old addresses until they are made anew, and so does the bridge until it is removed.`,
  }
  const [odd] = taken.subnets.filter((text) => text !== 'usePodCidr' && parseCidr(text) === null)
  if (odd !== undefined)
    return warn(
      'range-not-readable',
      `node/${node}`,
      said(
        'the CNI’s pod range is no range',
        `${taken.name} of ${node} gives pods addresses from “${odd}”, which is no range.`,
      ),
      proof,
      { fix, blocks: false },
    )
  const ranges = taken.subnets.flatMap((text) => parseCidr(text) ?? [])
  const outside = ranges.find((range) => {
    const same = own.filter(({ family }) => family === range.family)
    return same.length > 0 && !same.some((one) => rangeCovers(one, range))
  })
  if (outside !== undefined && object !== undefined)
    return warn(
      'range-not-pod-cidr',
      `node/${node}`,
      said(
        'the CNI’s range is not the podCIDR',
        `${taken.name} of ${node} gives pods addresses from ${outside.text}, and the node’s podCIDR is ${inWords(own.map(({ text }) => text))}: routes by podCIDR do not lead to its pods.`,
      ),
      [...proof, cite(object, 'spec', 'podCIDR')],
      { fix, blocks: false },
    )
  const twin = twinRanges(evidence).get(node)
  if (twin === undefined) return null
  return warn(
    'same-range-twice',
    `node/${node}`,
    said(
      'two nodes give pods the same addresses',
      `${node} and ${twin} give pods addresses from the same range, ${inWords(ranges.map(({ text }) => text))}: each knows only its own leases, and a route leads to one of them.`,
    ),
    proof,
    { fix, blocks: false },
  )
}

/** Configurations of two CNIs. Loopback's own file is none; a plugin that delegates, as Multus, is meant to stand before the others. */
function several(context: ServiceNodeContext, taken: CniConfig, configs: readonly CniConfig[]): Draft | null {
  const { node } = context
  const networks = configs.filter(({ plugins }) => plugins.some((type) => type !== 'loopback'))
  if (networks.length < 2 || taken.delegates) return null
  const shown = networks.map(({ name, plugins }) => `${name} (${plugins.find((type) => type !== 'loopback') ?? ''})`)
  return warn(
    'several-configs',
    `node/${node}`,
    said(
      `${String(networks.length)} CNI configurations, one is taken`,
      `${node} has ${String(networks.length)} CNI configurations, ${inWords(shown)}: the runtime takes the first by name, ${taken.name}.`,
    ),
    networks.slice(0, 4).map((one) => citeType(context, one)),
    {
      fix: {
        look: [sh`ssh ${node} sudo ls -l /etc/cni/net.d`],
        summary: `leave ${taken.name} alone on ${node}`,
        commands: networks
          .filter(({ name }) => name !== taken.name)
          .map(({ name }) => onNode(node, sh`mv /etc/cni/net.d/${name} /etc/cni/net.d/${name}.unused`)),
        changes: `The files stay under another name. If the other CNI is the one that is meant, move ${taken.name} away instead; pods that are there keep the network that they have.`,
      },
      blocks: false,
    },
  )
}
