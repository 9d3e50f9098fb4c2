import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { tool } from '../../../e2e/tools.ts'
import { folder } from '../enclosure.ts'
import { run, tryRun, until, type Ran, type RunOptions } from '../run.ts'

/** A machine of the lab: namespaces with a root of their own, that live as long as its first process. */
export interface Machine {
  readonly name: string
  readonly pid: number
  /** Its root, as seen from outside. */
  readonly root: string
  readonly write: (file: string, text: string, mode?: number) => void
  /** Runs a shell's line in it, as root. */
  readonly sh: (line: string, options?: RunOptions) => Promise<string>
  readonly trySh: (line: string, options?: RunOptions) => Promise<Ran>
}

const here = path.join(process.cwd(), 'test/lab/cluster/host')

/** Folders that machines read and that an overlay over `/` does not show, lying on file systems of their own. */
const kept = (): readonly string[] =>
  [process.cwd(), tool(''), path.dirname(path.dirname(process.execPath))].filter(
    (place) => existsSync(place) && statSync(place).dev !== statSync('/').dev,
  )

/** Starts a machine with no network card yet. */
export async function startMachine(name: string): Promise<Machine> {
  const at = path.join(folder, 'machines', name)
  mkdirSync(at, { recursive: true })
  const outer = spawn(
    'unshare',
    [
      ...['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=KILL', '--'],
      ...['sh', path.join(here, 'machine.sh'), name, at, ...kept()],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  await until(`${name} has no root`, () => Promise.resolve(existsSync(path.join(at, 'ready'))))
  const pid = Number((await run('pgrep', ['-P', String(outer.pid)])).trim())
  const within = ['-t', String(pid), '--mount', '--net', '--pid', '--uts', '--ipc', '--root', '--wdns=/', '--']
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }
  const root = `/proc/${String(pid)}/root`
  const machine: Machine = {
    name,
    pid,
    root,
    write: (file, text, mode = 0o644) => {
      mkdirSync(path.join(root, path.dirname(file)), { recursive: true })
      writeFileSync(path.join(root, file), text, { mode })
    },
    sh: (line, options) => run('nsenter', [...within, 'sh', '-c', line], { env, ...options }),
    trySh: (line, options) => tryRun('nsenter', [...within, 'sh', '-c', line], { env, ...options }),
  }
  await machine.sh(
    'ip link set lo up; mkdir -p /run/systemd/system /run/sshd /etc/systemd/system; rm -f /etc/systemd/system/*.service',
  )
  // sudo looks its machine's name up, and without an answer waits ten seconds for a DNS server that is not there.
  machine.write('/etc/hosts', readFileSync('/etc/hosts', 'utf8'))
  for (const program of ['systemctl', 'journalctl']) {
    machine.write(`/usr/local/bin/${program}`, readFileSync(path.join(here, program), 'utf8'), 0o755)
  }
  return machine
}

/** Writes a unit and starts it. `program` is a line of a shell. */
export async function startUnit(machine: Machine, name: string, description: string, program: string): Promise<void> {
  machine.write(
    `/etc/systemd/system/${name}.service`,
    `[Unit]\nDescription=${description}\n\n[Service]\nExecStart=${program}\n\n[Install]\nWantedBy=multi-user.target\n`,
  )
  await machine.sh(`systemctl start ${name}`)
}
