/** `lastword/bmc`: the simulated management controller. */
export * from './bmc.ts'
export * from './execute.ts'
export * from './kcs-side.ts'
export * from './lan-server.ts'
export * from './serve.ts'
export * from './stores/journal.ts'
export * from './stores/kept-state.ts'
export * from './stores/sel-store.ts'
