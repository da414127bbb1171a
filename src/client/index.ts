/** `lastword/client`: one `Bmc` for every way to it. */
export * from './bmc.ts'
export * from './connect.ts'
export * from './connect-kcs.ts'
export * from './inband-transport.ts'
export * from './lan-transport.ts'
export * from './lan-url.ts'
export * from './sel.ts'
export * from './transport.ts'
