/** `lastword`: what most programs need. The parts have subpaths of their own: lastword/protocol, /handler, /bmc, … */
export { Bmc, type DeviceId } from './client/bmc.ts'
export { connect } from './client/connect.ts'
export { connectKcs } from './client/connect-kcs.ts'
export * from './protocol/index.ts'
