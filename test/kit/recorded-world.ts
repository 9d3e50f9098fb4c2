import { spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Store } from '../../src/evidence/store.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { changedStore, fixtureStore, type Change } from './fixtures.ts'
import { ec2Server, type Ec2Server, type Fault } from '../collect/ec2/server.ts'
import { apiServer, type ApiFault, type ApiServer } from '../collect/kubernetes/server.ts'

// A recorded cluster as a live one: an API server, an EC2 API, and what the node script would have printed on its nodes.

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds from Ctrl-C to its end; null where there was none. */
  readonly afterInterrupt: number | null
}

export interface World {
  readonly folder: string
  /** The environment in which the program finds this world. */
  readonly settings: NodeJS.ProcessEnv
  readonly api: ApiServer
  readonly ec2: Ec2Server
  /** `--node-output` for every recorded node. */
  readonly nodeOutputs: readonly string[]
  /** Runs the built program against this world; it gets Ctrl-C as soon as `interruptWhen` is true. */
  readonly vipdoctor: (
    args: readonly string[],
    options?: { env?: Record<string, string>; interruptWhen?: () => boolean },
  ) => Promise<Ran>
  /** From now on the world is another recording of the same nodes. */
  readonly become: (name: string) => Promise<void>
  readonly close: () => Promise<void>
}

const bin = path.join(import.meta.dirname, '../../bin/run.js')

export async function recordedWorld(
  name: string,
  faults: {
    readonly api?: Record<string, ApiFault>
    readonly ec2?: Record<string, Fault>
    /** What is otherwise than in the recording. */
    readonly changes?: Readonly<Record<string, Change>>
  } = {},
): Promise<World> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-world-'))
  let store = renewed(changedStore(await fixtureStore(name), faults.changes ?? {}))
  const nodeFile = (node: string): string => path.join(folder, `${node}.out`)
  const answers: Record<string, Record<string, unknown>> = {}
  const show = (): void => {
    Object.assign(answers, answersIn(store))
    for (const node of store.list('nodes')) {
      writeFileSync(`${nodeFile(node)}.new`, nodeScriptOutput(store, node))
      renameSync(`${nodeFile(node)}.new`, nodeFile(node))
    }
  }
  show()
  const now: Store = { read: (file) => store.read(file), list: (inside) => store.list(inside) }
  const api = await apiServer({ store: now, faults: faults.api ?? {} })
  const ec2 = await ec2Server({ answers, faults: faults.ec2 ?? {} })
  const nodeOutputs = store.list('nodes').map((node) => `--node-output=${node}=${nodeFile(node)}`)
  const settings = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ENDPOINT_URL: ec2.url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_EC2_METADATA_DISABLED: 'true',
    KUBECONFIG: api.kubeconfig,
  }
  return {
    folder,
    settings,
    api,
    ec2,
    nodeOutputs,
    become: async (other) => {
      store = renewed(await fixtureStore(other))
      show()
    },
    vipdoctor: (args, { env = {}, interruptWhen } = {}) =>
      new Promise((resolve) => {
        const child = spawn(process.execPath, [bin, ...args], { env: { ...settings, ...env } })
        let stdout = ''
        let stderr = ''
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
        child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
        let interrupted: number | null = null
        const watch = setInterval(() => {
          if (interruptWhen?.() !== true || interrupted !== null) return
          interrupted = Date.now()
          child.kill('SIGINT')
        }, 50)
        child.once('close', (code) => {
          clearInterval(watch)
          resolve({ code, stdout, stderr, afterInterrupt: interrupted === null ? null : Date.now() - interrupted })
        })
      }),
    close: async () => {
      await api.close()
      await ec2.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** The answers of the EC2 API, by action; those about one subnet or prefix list by action and id. */
function answersIn(store: Store): Record<string, Record<string, unknown>> {
  const answers: Record<string, Record<string, unknown>> = {}
  for (const file of store.list('aws').filter((one) => one.endsWith('.json'))) {
    const byId = /^(.*reservations|.*entries)-((?:subnet|pl)-.*)\.json$/.exec(file)
    const words = file === 'caller-identity.json' ? 'get-caller-identity' : (byId?.[1] ?? file.replace('.json', ''))
    const action = words.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const bytes = store.read(`aws/${file}`)
    const text = isGap(bytes) ? '{}' : Buffer.from(bytes).toString()
    answers[byId === null ? action : `${action}:${byId[2] ?? ''}`] = JSON.parse(text) as Record<string, unknown>
  }
  return answers
}

/** What the node script prints on a node. */
export function nodeScriptOutput(store: Store, node: string): string {
  const frames = (files: readonly string[], inside = ''): string[] =>
    files.flatMap((file) => {
      const bytes = store.read(`nodes/${node}/${inside}${file}`)
      return isGap(bytes)
        ? []
        : [
            `>${inside}${file}`,
            ...`${Buffer.from(bytes).toString()}\n`
              .split('\n')
              .slice(0, -1)
              .map((line) => `|${line}`),
            '<0',
          ]
    })
  return [
    'vipdoctor-node 1',
    ...frames(store.list(`nodes/${node}`)),
    ...frames(store.list(`nodes/${node}/cni-conf`), 'cni-conf/'),
    'vipdoctor-node end',
    '',
  ].join('\n')
}

/** A lease lives by being renewed: what a recording shows as held is held now. */
function renewed(store: Store): Store {
  return {
    ...store,
    read: (file) => {
      const bytes = store.read(file)
      if (file !== 'kubernetes/leases.coordination.k8s.io.json' || isGap(bytes)) return bytes
      const now = new Date().toISOString().replace('Z', '000Z')
      return Buffer.from(
        Buffer.from(bytes)
          .toString()
          .replaceAll(/"renewTime": "[^"]+"/g, `"renewTime": "${now}"`),
      )
    },
  }
}
