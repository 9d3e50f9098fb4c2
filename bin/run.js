#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'

try {
  const asked = process.argv.slice(2)
  if (asked.length === 1 && ['--version', '-v', '-V', 'version'].includes(asked[0])) {
    // Answered before oclif loads: loading it costs more than all of node's own start.
    const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    console.log(`${name} ${version}`)
  } else {
    // Node 22 and later keep what they compiled for the next run. Not in /tmp, Node's own place: others could write there.
    module.enableCompileCache?.(path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vipdoctor'))
    // oclif compares node's version by loading semver, a tenth of our start; package.json's `engines` says the same to npm.
    process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
    // oclif looks for the user's shell in passwd, and throws where the user of a container has no line there. ssh takes the same one then.
    process.env.SHELL ??= '/bin/sh'
    const { main } = await import('../dist/bundle/cli/main.js')
    await main(import.meta.url)
  }
} catch (error) {
  // What is not there or cannot be loaded; all else `main` answers for. Node would end with 1, which is a finding's.
  console.error('vipdoctor: this installation does not work; install it anew, with a Node that package.json names.')
  console.error(error)
  process.exitCode = 4
}
