// The tests of the command line run the built program: build it where it is older than its sources.
import { execFileSync } from 'node:child_process'

export default function setup() {
  execFileSync('make', ['--silent', 'oclif.manifest.json'], {
    cwd: new URL('..', import.meta.url).pathname,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
