#!/usr/bin/env node
// Builds what changed, then runs it: for work on vipdoctor itself.
'use strict'
const { spawnSync } = require('node:child_process')

const built = spawnSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', process.stderr, process.stderr] })
if (built.status !== 0) process.exit(built.status ?? 4)
require('./run.js')
