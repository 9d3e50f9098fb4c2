import { citeList, citeLine, type Proof } from '../evidence/cite.ts'
import type { Evidence, NodeEvidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { record } from '../evidence/node/nft.ts'
import { settingOf } from './proxy-settings.ts'

/** What kube-proxy answers at /healthz. `healthy` is null where its release does not say. */
export interface Health {
  readonly healthy: boolean | null
  /** The node's own clock when it answered, in milliseconds; null where it cannot be read. */
  readonly nowMs: number | null
  readonly proof: Proof
}

/** Reads the answer of a node's /healthz; null where nothing answered, or something that is no kube-proxy. */
export function healthOf({ healthz }: NodeEvidence): Health | null {
  const file = known(healthz)
  if (file === null) return null
  const { lastUpdated, currentTime, healthy, status } = answer(file.text)
  if (lastUpdated === undefined && currentTime === undefined) return null
  const families = Object.values(record(status)).map((one) => record(one).healthy)
  const said = [healthy, ...families].filter((one) => typeof one === 'boolean')
  return {
    healthy: said.length === 0 ? null : !said.includes(false),
    nowMs: timeOf(currentTime),
    proof: citeList(file.file, '/currentTime', currentTime ?? null),
  }
}

/** The port of kube-proxy's /healthz on a node (10256 unless it was told otherwise). */
function healthPort(evidence: Evidence, here: NodeEvidence): number {
  const told = /:(\d+)$/.exec(settingOf(evidence, here, 'healthzBindAddress')?.value ?? '')?.[1]
  return told === undefined ? 10256 : Number(told)
}

/** Whether something listens at kube-proxy's health port; `serves` is null where the sockets of the node are not known. */
export function healthListener(
  evidence: Evidence,
  here: NodeEvidence,
): { readonly serves: boolean | null; readonly port: number; readonly proof: Proof | null } {
  const port = healthPort(evidence, here)
  const listen = known(here.listen)
  if (listen === null) return { serves: null, port, proof: null }
  const socket = listen.listeners.find((one) => one.protocol === 'tcp' && one.port === port)
  if (socket !== undefined)
    return { serves: true, port, proof: citeLine(listen.file, socket.line, listen.lines[socket.line - 1] ?? '') }
  const none = `${String(listen.listeners.length)} sockets, none at port ${String(port)}`
  return { serves: listen.misread.length > 0 ? null : false, port, proof: citeLine(listen.file, 1, none) }
}

function answer(json: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(json))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** RFC 3339, or Go's `time.String()` of releases before 1.33: `2026-11-21 07:01:33.190356553 +0000 UTC m=+34.4`. */
function timeOf(value: unknown): number | null {
  if (typeof value !== 'string') return null
  const go = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d* ([+-]\d\d)(\d\d)\b/.exec(value)
  const ms = Date.parse(go === null ? value : `${go[1] ?? ''}T${go[2] ?? ''}${go[3] ?? ''}:${go[4] ?? ''}`)
  return Number.isNaN(ms) ? null : ms
}
