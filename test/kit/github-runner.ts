import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'

// action.yml as GitHub's runner runs it, as far as a machine without GitHub can: the inputs' values, the step's environment, its shell.

interface Step {
  readonly if?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
  readonly with?: Readonly<Record<string, string>>
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>
  readonly runs: { readonly steps: readonly Step[] }
}

const { inputs, runs } = load(readFileSync(path.join(import.meta.dirname, '../../action.yml'), 'utf8')) as Action

export interface Job {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly summary: string
  /** The folder that the upload step takes, and its condition. */
  readonly uploaded: string
  readonly uploadedIf: string | undefined
}

/** A script as a step with `shell: bash` runs it ("Workflow syntax", `jobs.<job_id>.steps[*].shell`). */
export const runStep = (script: string, folder: string, env: Readonly<Record<string, string>> = {}) =>
  spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`, HOME: folder, ...env },
  })

/** Runs the action in `folder`, whose `bin` stands first on the PATH, with the inputs of a workflow. */
export function act(
  given: Readonly<Record<string, string>>,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Job {
  const value = (text: string, outputs: Readonly<Record<string, string>> = {}) =>
    text.replaceAll(
      /\$\{\{ (?:inputs\.(\w+)|steps\.check\.outputs\.(\w+)) \}\}/g,
      (_, input?: string, output?: string) =>
        input === undefined ? (outputs[output ?? ''] ?? '') : (given[input] ?? inputs[input]?.default ?? ''),
    )
  const [check, upload] = runs.steps
  const files = { GITHUB_STEP_SUMMARY: path.join(folder, 'summary.md'), GITHUB_OUTPUT: path.join(folder, 'output') }
  const stepEnv = Object.fromEntries(Object.entries(check?.env ?? {}).map(([name, text]) => [name, value(text)]))
  const { status, stdout, stderr } = runStep(check?.run ?? '', folder, {
    ...env,
    ...files,
    RUNNER_TEMP: folder,
    ...stepEnv,
  })
  const outputs = Object.fromEntries(
    readFileSync(files.GITHUB_OUTPUT, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('=')),
  ) as Record<string, string>
  return {
    status,
    stdout,
    stderr,
    summary: textIn(files.GITHUB_STEP_SUMMARY),
    uploaded: value(upload?.with?.path ?? '', outputs),
    uploadedIf: upload?.if,
  }
}

/** Empty where nothing was written. */
function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
