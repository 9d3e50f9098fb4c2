import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { load } from 'js-yaml'
import { act, runStep } from '../kit/github-runner.ts'

// The recipes as their services would run them: the same lines, in bash, with the programs that they call. Where a recipe reads a live cluster,
// a stand-in for `vipdoctor` reads a recording in its place.

const root = path.join(import.meta.dirname, '../..')
const bin = path.join(root, 'bin/run.js')
const bundle = path.join(root, 'fixtures/bundles/hard-way-l2.tar.gz')
const page = readFileSync(path.join(root, 'docs/ci.md'), 'utf8')

/** The code block under a heading of the page. */
const recipe = (heading: string): string =>
  new RegExp(`^## ${heading}\\n[^]*?^\`\`\`\\w+\\n([^]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? ''

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-ci-'))
  mkdirSync(path.join(folder, 'bin'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Puts a program into the PATH of what is run. */
function program(name: string, script: string): void {
  writeFileSync(path.join(folder, 'bin', name), `#!/usr/bin/env bash\n${script}\n`)
  chmodSync(path.join(folder, 'bin', name), 0o755)
}

/** vipdoctor over a recording: flags about a live cluster are taken out, and a bundle that would be saved is the recording. */
const overRecording = `
args=()
while [ $# -gt 0 ]; do
  case $1 in
    --wait|--nodes|--ssh-user) shift ;;
    --save-bundle) cp ${bundle} "$2"; shift ;;
    --bundle) shift ;;
    *) args+=("$1") ;;
  esac
  shift
done
exec ${process.execPath} ${bin} "\${args[@]}" --bundle ${bundle}`

const run = (script: string) => runStep(script, folder)

const written = (name: string): string => readFileSync(path.join(folder, name), 'utf8')

describe('the GitHub action', () => {
  test('annotates, summarises, and keeps the evidence of a job that fails', () => {
    program('npx', `[ "$1 $2" = '--yes vipdoctor@latest' ] || exit 9; shift 2; ${overRecording}`)
    const [step] = load(recipe('GitHub Actions')) as readonly { with: Record<string, string> }[]
    const ran = act(step?.with ?? {}, folder)
    expect([ran.status, ran.stderr]).toEqual([1, ''])
    expect(ran.stdout).toMatch(/^::error title=.*vip-not-owned/m)
    expect(ran.summary).toContain('delivery/vip-not-owned')
    for (const name of ['bundle.tar.gz', 'report.html', 'report.sarif', 'report.xml'])
      expect([name, existsSync(path.join(ran.uploaded, name))]).toEqual([name, true])
    expect(ran.uploadedIf).toContain('!cancelled()')
  })

  test('a bundle is judged, and what stands in the arguments is never run', () => {
    program('npx', `shift 2; exec ${process.execPath} ${bin} "$@"`)
    const ran = act({ args: `--bundle "${bundle}" --client '$(touch ${folder}/pwned)'` }, folder)
    expect(ran.stderr).toContain('$(touch')
    expect(ran.status).toBe(2)
    expect(existsSync(path.join(folder, 'pwned'))).toBe(false)
    expect(existsSync(path.join(folder, 'vipdoctor/bundle.tar.gz'))).toBe(false)
  })
})

test('GitLab: the script ends with the exit code, and every artifact that is named is there', () => {
  program('npm', '[ "$*" = "install --global vipdoctor" ]')
  program('vipdoctor', overRecording)
  const { vip } = load(recipe('GitLab CI')) as {
    vip: { script: string[]; artifacts: { paths: string[]; reports: Record<string, string> } }
  }
  expect(run(vip.script.join('\n')).status).toBe(1)
  for (const name of [...vip.artifacts.paths, ...Object.values(vip.artifacts.reports)])
    expect([name, existsSync(path.join(folder, name))]).toEqual([name, true])
  expect(JSON.parse(written('quality.json'))).toHaveLength(1)
})

test('Jenkins: the line of the step writes what the post section takes', () => {
  program('npx', `[ "$1 $2" = '--yes vipdoctor' ] || exit 9; shift 2; ${overRecording}`)
  const text = recipe('Jenkins')
  expect(run(/sh '(.*)'/.exec(text)?.[1] ?? '').status).toBe(1)
  const taken = [/junit '(.*)'/.exec(text)?.[1], ...(/artifacts: '(.*?)'/.exec(text)?.[1]?.split(', ') ?? [])]
  for (const name of taken) expect([name, existsSync(path.join(folder, name ?? ''))]).toEqual([name, true])
})

test('Argo Workflows: the container’s command leaves the artifact', () => {
  program('npm', 'true')
  program('vipdoctor', overRecording)
  const workflow = load(recipe('Argo Workflows').replaceAll('/tmp/', `${folder}/`)) as {
    spec: {
      templates: {
        container: { command: string[]; args: string[] }
        outputs: { artifacts: { path: string }[] }
      }[]
    }
  }
  const [template] = workflow.spec.templates
  expect(run(template?.container.args.join('\n') ?? '').status).toBe(1)
  expect(existsSync(template?.outputs.artifacts[0]?.path ?? '')).toBe(true)
})

test('after terraform: a report and a script for whoever looks, and the exit code of the check', () => {
  program('terraform', '[ "$*" = "apply -auto-approve" ]')
  program('vipdoctor', overRecording)
  const { status, stderr } = run(recipe('After `terraform apply`'))
  expect([status, stderr]).toEqual([1, 'report.html says why; mend.sh is what would mend it: read it first\n'])
  expect(written('report.html')).toContain('10.240.0.100')
  expect(written('mend.sh')).toContain('assign-private-ip-addresses')
})
