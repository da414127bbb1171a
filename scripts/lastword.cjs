#!/usr/bin/env node
/**
 * The command `lastword`. The build keeps what V8 made of it (`whole.cache`), which loads in half the time; where that is
 * missing or another Node's, the same command is loaded in parts.
 */
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const vm = require('node:vm')

const filename = join(__dirname, 'whole.cjs')
const cacheFile = join(__dirname, 'whole.cache')

function compile(cachedData) {
  const source = readFileSync(filename, 'latin1')
  return new vm.Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename,
    cachedData,
  })
}

function run(script) {
  const main = { exports: {} }
  script.runInThisContext()(main.exports, require, main, filename, __dirname)
}

function cached() {
  try {
    const script = compile(readFileSync(cacheFile))
    return script.cachedDataRejected ? null : script
  } catch {
    return null
  }
}

if (require.main === module) {
  const script = cached()
  if (script === null) import('./lastword.js')
  else run(script)
}

module.exports = { cacheFile, compile, run }
