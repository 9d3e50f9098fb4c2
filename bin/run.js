#!/usr/bin/env node
'use strict'
const { existsSync, readFileSync } = require('node:fs')
const { homedir } = require('node:os')
const path = require('node:path')

const root = path.dirname(__dirname)
const program = path.join(root, 'dist/bundle')

/** Where what V8 compiled for a command is kept; null where nothing is to be. Not in /tmp: others could write there. */
function storeOf(word = 'help') {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return null
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vipdoctor')
  const isCommand =
    /^[a-z]+$/.test(word) && ['', '.js'].some((end) => existsSync(path.join(program, 'commands', word + end)))
  return path.join(cache, `${process.version}-${process.arch}-${isCommand ? word : 'help'}.code`)
}

async function run(asked) {
  if (asked.length === 1 && ['--version', '-v', '-V', 'version'].includes(asked[0])) {
    // Answered before oclif loads: loading it costs more than all of node's own start.
    const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
    console.log(`${name} ${version}`)
    return
  }
  // oclif compares node's version by loading semver, a tenth of our start; package.json's `engines` says the same to npm.
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
  // oclif looks for the user's shell in passwd, and throws where the user of a container has no line there. ssh takes the same one then.
  process.env.SHELL ??= '/bin/sh'
  const { loading } = require(path.join(program, 'cli/compiled.js'))
  const { main } = loading(program, storeOf(asked[0]))(path.join(program, 'cli/main.js'))
  await main(root)
}

run(process.argv.slice(2)).catch((error) => {
  // What is not there or cannot be loaded; all else `main` answers for. Node would end with 1, which is a finding's.
  console.error('vipdoctor: this installation does not work; install it anew, with a Node that package.json names.')
  console.error(error)
  process.exitCode = 4
})
