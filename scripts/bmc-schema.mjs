/** Writes docs/bmc.schema.json, the JSON schema of `lastword bmc --config`, from the code; run it after a build. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bmcConfigSchema } from '../dist/bmc/world/config.js'

const file = fileURLToPath(new URL('../docs/bmc.schema.json', import.meta.url))
writeFileSync(file, `${JSON.stringify(bmcConfigSchema(), null, 2)}\n`)
