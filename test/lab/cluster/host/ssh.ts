import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { folder } from '../enclosure.ts'
import { run } from '../run.ts'
import { startUnit, type Machine } from './machine.ts'

/** A user's key on the bastion, and a configuration that takes machines as they come. */
export async function makeSshClient(): Promise<void> {
  const home = path.join(folder, 'home/.ssh')
  mkdirSync(home, { mode: 0o700 })
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(home, 'id_ed25519')])
  // OpenSSH asks the password file, not HOME, where its files are.
  const config = ['User root', `IdentityFile ${home}/id_ed25519`, 'StrictHostKeyChecking no', 'LogLevel ERROR']
  const text = ['Host *', ...config, `UserKnownHostsFile ${home}/known_hosts`].join('\n  ')
  writeFileSync(path.join(folder, 'ssh_config'), `${text}\n`)
  chmodSync(path.join(folder, 'ssh_config'), 0o644)
  await run('mount', ['--bind', path.join(folder, 'ssh_config'), '/etc/ssh/ssh_config'])
}

/** A real sshd, which lets the bastion's key in as root. */
export async function startSshd(machine: Machine): Promise<void> {
  await machine.sh(
    'mkdir -p /root/.ssh /etc/lab-ssh && chmod 700 /root/.ssh && ssh-keygen -q -t ed25519 -N "" -f /etc/lab-ssh/key',
  )
  machine.write(
    '/root/.ssh/authorized_keys',
    readFileSync(path.join(folder, 'home/.ssh/id_ed25519.pub'), 'utf8'),
    0o600,
  )
  machine.write(
    '/etc/lab-ssh/sshd_config',
    [
      'HostKey /etc/lab-ssh/key',
      'PermitRootLogin prohibit-password',
      'UsePAM no',
      'PidFile none',
      'StrictModes no',
      '',
    ].join('\n'),
  )
  await startUnit(machine, 'ssh', 'OpenBSD Secure Shell server', '/usr/sbin/sshd -D -e -f /etc/lab-ssh/sshd_config')
}
