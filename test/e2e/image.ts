import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { copyProgram } from './kubelet.ts'

const root = path.join(import.meta.dirname, '../..')

/**
 * Builds deploy/Dockerfile by Buildah, over an image of this machine's own Node and npm in the place of the public one, and gives the
 * docker-archive. Its packages come from npm's registry, as those of the repository do.
 */
export function buildImage(folder: string, name: string): string {
  const base = path.join(folder, 'base')
  for (const inside of ['bin', 'usr/bin', 'usr/lib/node_modules', 'etc/ssl/certs', 'tmp'])
    mkdirSync(path.join(base, inside), { recursive: true })
  for (const program of ['node', 'busybox', 'env']) copyProgram(program, base)
  execFileSync('chroot', [base, '/usr/bin/busybox', '--install', '-s', '/bin'])
  const npm = path.join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'npm')
  execFileSync('cp', ['-rL', npm, path.join(base, 'usr/lib/node_modules/npm')])
  execFileSync('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', path.join(base, 'usr/bin/npm')])
  execFileSync('cp', ['-L', '/etc/ssl/certs/ca-certificates.crt', path.join(base, 'etc/ssl/certs/')])
  const dockerfile = path.join(folder, 'base.dockerfile')
  writeFileSync(
    dockerfile,
    'FROM scratch\nCOPY . /\nENV PATH=/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n',
  )
  const buildah = (...argv: readonly string[]): void => {
    const place = [
      '--storage-driver',
      'vfs',
      '--root',
      path.join(folder, 'store'),
      '--runroot',
      path.join(folder, 'run'),
    ]
    execFileSync('buildah', [...place, ...argv], { stdio: 'pipe', maxBuffer: 1 << 28 })
  }
  const build = ['build', '--isolation', 'chroot']
  buildah(...build, '-f', dockerfile, '-t', 'localhost/node:1', base)
  const own = ['-f', path.join(root, 'deploy/Dockerfile'), '--build-arg', 'NODE=localhost/node:1', '-t', name, root]
  buildah(...build, ...own)
  const archive = path.join(folder, 'image.tar')
  buildah('push', '--quiet', name, `docker-archive:${archive}:${name}`)
  return archive
}
