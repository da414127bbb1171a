/** Runs the bundled command once and keeps what V8 has compiled of it by then. */
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')

const { cacheFile, compile, run } = require(join(__dirname, '..', 'dist', 'bin', 'lastword.cjs'))

const script = compile(undefined)
// Nothing listens there: the command ends at once, with all that a login begins with compiled.
process.argv = [
  process.argv[0],
  __filename,
  '-H',
  '127.0.0.1',
  '-p',
  '1',
  '-U',
  'nobody',
  '-E',
  '-R',
  '0',
  'mc',
  'info',
]
process.env.IPMITOOL_PASSWORD = 'none'
process.stderr.write = () => true
process.once('exit', () => {
  writeFileSync(cacheFile, script.createCachedData())
  process.exitCode = 0
})
run(script)
