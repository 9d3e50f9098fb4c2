import { citeLine } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { isReady, metallbPods, metallbSettings } from '../../lb/metallb/install.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, skipped, unknown } from '../finding.ts'

/** Where speakers look for each other, unless METALLB_ML_BIND_PORT says otherwise. */
const defaultPort = 7946

export default defineCheck({
  id: 'control/memberlist',
  after: 'control/speaker',
  title: 'The node’s speaker can be found by the others',
  needs: ['node/listen', 'kubernetes/pods'],
  alsoReads: ['node/processes', 'kubernetes/daemonsets', 'kubernetes/deployments'],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: ({ question }) => question.vip !== null || 'The Service has no VIP yet.',
  ofCluster: true,
  blocks: false,
  each: 'node',
  run: ({ evidence, node }) => {
    const subject = `node/${node}`
    const speakers = metallbPods(evidence, 'speaker')
    const listening = evidence.node(node).listen
    if (isGap(speakers) || isGap(listening)) return []
    const { memberlist, namespace } = metallbSettings(evidence)
    if (!memberlist)
      return [
        skipped(
          'switched-off',
          subject,
          'Memberlist is switched off (METALLB_ML_BIND_ADDR is empty): every node counts as alive.',
        ),
      ]
    const speaker = speakers.find(({ spec, status }) => spec?.nodeName === node && status?.phase === 'Running')
    if (speaker === undefined) return [skipped('no-speaker', subject, `No speaker runs on ${node}.`)]
    const container = speaker.spec?.containers?.find(({ name }) => name === 'speaker')
    const port = Number(container?.env?.find(({ name }) => name === 'METALLB_ML_BIND_PORT')?.value ?? defaultPort)
    const found = listening.listeners.filter((one) => one.port === port)
    const proof = found.map(({ line }) => citeLine(listening.file, line, listening.lines[line - 1] ?? ''))
    const stranger = found.find(({ program }) => program !== null && !/speaker|metallb/.test(program))
    const logs = sh`kubectl -n ${namespace} logs ${speaker.metadata?.name} --tail=50`
    if (stranger !== undefined)
      return [
        fail(
          'port-taken',
          subject,
          said(
            'another program has the port of the speakers',
            `${stranger.program ?? ''} has ${stranger.protocol}/${String(port)} on ${node}, which MetalLB's speakers need to find each other.`,
          ),
          proof,
          {
            look: [sh`ssh ${node} sudo ss -ltnup sport = :${port}`, logs],
            advice:
              'End the program that has the port (Docker Swarm uses 7946 too), or give all speakers another port by METALLB_ML_BIND_PORT.',
          },
        ),
      ]
    const missing = (['tcp', 'udp'] as const).filter((protocol) => !found.some((one) => one.protocol === protocol))
    if (missing.length === 0)
      return [
        pass(
          'listens',
          subject,
          said(
            'the speaker listens for the others',
            `The speaker of ${node} listens at ${String(port)} for the others, tcp and udp.`,
          ),
          proof,
        ),
      ]
    // A speaker that is just starting, or in a loop of crashes, has no socket: its readiness says that better.
    if (!isReady(speaker)) return [skipped('speaker-not-ready', subject, `The speaker of ${node} is not ready.`)]
    const processes = known(evidence.node(node).processes)
    if (processes !== null && !processes.lines.some((line) => line.includes('speaker')))
      return [
        skipped(
          'speaker-not-listed',
          subject,
          `No speaker is among the processes of ${node}: they were listed at another moment than the pods.`,
        ),
      ]
    if (listening.misread.length > 0)
      return [
        unknown(
          'sockets-not-read',
          subject,
          said(
            'whether the speaker listens is not known',
            `It is not known whether the speaker of ${node} listens at ${String(port)}.`,
          ),
          [],
        ),
      ]
    return [
      fail(
        'not-listening',
        subject,
        said(
          'the speaker does not listen for the others',
          `The speaker of ${node} is ready, but listens at ${String(port)} for the other speakers by ${missing.length === 2 ? 'neither tcp nor udp' : `${missing[0] === 'tcp' ? 'udp' : 'tcp'} only`}.`,
        ),
        proof.length > 0 ? proof : [citeLine(listening.file, 1, listening.lines[0] ?? '')],
        {
          look: [logs, sh`ssh ${node} sudo ss -ltnup`],
          advice: 'Its log says what happened when it opened its sockets.',
        },
      ),
    ]
  },
  docs: {
    means:
      'MetalLB’s speakers tell by memberlist who is alive: each listens at 7946, tcp and udp, on its node. One that cannot be found counts as dead, and the others take over its VIPs while it goes on announcing them.',
    byHand: 'ss -ltnup | grep 7946 on the node; the speaker’s log says "partial join" or "Failed to join".',
    mend: 'Free the port, or choose another by METALLB_ML_BIND_PORT for all speakers.',
    sources: ['MetalLB v0.16.1 internal/speakerlist/speakerlist.go', 'metallb/metallb issues 589, 740, 1539 and 2838'],
  },
})
