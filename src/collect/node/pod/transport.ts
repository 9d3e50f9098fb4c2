import { isRefusal } from '../../kubernetes/ask.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { exec, type ExecPlace } from '../../kubernetes/exec.ts'
import { mostOutputBytes, tooMuchOutput, type Answer, type NodeTransport, type RunOptions } from '../transport.ts'
import { nodeRoot } from './manifest.ts'
import type { NodePods } from './node-pods.ts'
import { podRefusal } from './refusal.ts'

/**
 * What takes the script in the pod. The image's tools read, and what it lacks of them is taken from the node (VIPDOCTOR_NODE_ROOT tells
 * the script where); an image with hardly more than a shell hands the whole script to the node's own shell.
 */
const launcher = `for tool in awk cut grep head sed sort tail xargs; do
  command -v "$tool" >/dev/null 2>&1 || exec chroot ${nodeRoot} /bin/sh -s
done
VIPDOCTOR_NODE_ROOT=${nodeRoot} exec sh -s`

/** Runs the script in a pod of the node, through the API server. */
export function podTransport(cluster: Cluster, pods: NodePods): NodeTransport {
  return async ({ node }, options) => {
    const answer = await pods.within(node, (place) => runIn(cluster, place, options))
    return 'noPod' in answer ? { bytes: new Uint8Array(), ended: answer.noPod } : answer
  }
}

/** Read anew: it may have been aborted while something was awaited. */
const wasStopped = (signal: AbortSignal): boolean => signal.aborted

const unknown = { refusal: true, status: null, everywhere: false } as const

/** A connection that breaks is opened once more, for the whole script; of two that broke the longer answer is kept. */
async function runIn(cluster: Cluster, place: ExecPlace, options: RunOptions): Promise<Answer> {
  const first = await runOnce(cluster, place, options)
  if (!first.broke || options.signal.aborted) return first
  const second = await runOnce(cluster, place, options)
  return second.broke && second.bytes.length < first.bytes.length ? first : second
}

async function runOnce(
  cluster: Cluster,
  place: ExecPlace,
  { script, signal, timeoutMs }: RunOptions,
): Promise<Answer & { readonly broke: boolean }> {
  const nothing = (ended: string) => ({ bytes: new Uint8Array(), ended, broke: false })
  if (signal.aborted) return nothing('interrupted')
  const running = await exec(cluster, place, ['sh', '-c', launcher])
  if (isRefusal(running)) return nothing(podRefusal(running, place.namespace))
  if (wasStopped(signal)) {
    running.close()
    return nothing('interrupted')
  }
  const stopped: string[] = []
  const stop = (why: string): void => {
    stopped.push(why)
    running.close()
  }
  const onAbort = (): void => {
    stop('interrupted')
  }
  const timer = setTimeout(() => {
    stop(`no answer within ${String(Math.round(timeoutMs / 1000))} s`)
  }, timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  // The shell ends by the last line: its input stays open, since not every version of the protocol can close it alone.
  running.write(`${script}\nexit\n`)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of running.output as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= mostOutputBytes) chunks.push(chunk)
    else if (stopped.length === 0) stop(tooMuchOutput)
  }
  const { status, broke, said } = await running.ended
  clearTimeout(timer)
  signal.removeEventListener('abort', onAbort)
  const words = said.trim().split('\n').at(-1)?.trim().replace(/\.$/, '') ?? ''
  const failed =
    status === 0 || status === null
      ? null
      : words === ''
        ? `the shell in the pod ended with status ${String(status)}`
        : words
  const why = broke === null ? failed : podRefusal({ ...unknown, reason: broke }, place.namespace)
  return {
    bytes: Buffer.concat(chunks),
    ended: stopped[0] ?? why,
    broke: stopped.length === 0 && broke !== null,
  }
}
